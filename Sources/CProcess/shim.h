// System calls that Swift cannot import because they are variadic.
#pragma once
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
