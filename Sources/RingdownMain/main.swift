internal import RingdownCLI

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

// `_exit` is used because threads of libraries can still be running, and `exit` would run destructors under them. The system frees
// all resources. All output is unbuffered.
_exit(RingdownTool.main())
