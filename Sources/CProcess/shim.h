// System calls that Swift cannot import because they are variadic.
#pragma once
#include <fcntl.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/// Keeps the process's memory out of core files, also out of those that are piped to a program.
static inline void rd_deny_core_files(void) {
#ifdef __linux__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#else
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#endif
}

/// Puts something in place of standard streams that are closed, so that no other file gets their numbers; writing to it fails.
static inline void rd_occupy_standard_streams(void) {
    for (int stream = 0; stream < 3; stream++) {
        if (fcntl(stream, F_GETFD) == -1) (void)open("/dev/null", O_RDONLY);
    }
}
