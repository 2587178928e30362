// System calls that Swift cannot import because they are variadic.
#pragma once
#include <signal.h>
#include <fcntl.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/// Excludes the memory of the process from core files, including those that are piped to a program, and from crash reports. The
/// reporter of Swift prints memory, and waits forever for a process that it cannot inspect.
static inline void rd_deny_core_files(void) {
    const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP};
    for (unsigned i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        struct sigaction action;
        if (sigaction(crashes[i], 0, &action) == 0 && action.sa_handler != SIG_IGN) signal(crashes[i], SIG_DFL);
    }
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#else
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#endif
}

/// Opens a placeholder for closed standard streams, so that no other file receives their descriptors. Writing to it fails.
static inline void rd_occupy_standard_streams(void) {
    for (int stream = 0; stream < 3; stream++) {
        if (fcntl(stream, F_GETFD) == -1) (void)open("/dev/null", O_RDONLY);
    }
}
