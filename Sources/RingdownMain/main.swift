internal import RingdownCLI

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

// `_exit`, since threads of libraries may still be at work: what `exit` would tidy up under them, the system tidies up
// anyway. All output is unbuffered.
_exit(RingdownTool.main())
