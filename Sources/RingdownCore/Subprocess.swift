#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// Starts other programs.
package enum Subprocess {
    /// Starts a program.
    ///
    /// - Parameters:
    ///   - command: The program and its arguments.
    ///   - environment: The environment variables of the program; nil for those of this process.
    ///   - streams: Descriptors of this process that replace the program's standard streams. Other streams are inherited.
    /// - Returns: The ID of the process.
    /// - Throws: ``FileError`` if the program cannot be started.
    package static func start(
        _ command: [String], environment: [String: String]? = nil, streams: [(ours: Int32, theirs: Int32)] = []
    ) throws(FileError) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        // Signals that this process ignores, for example because of `nohup`, remain ignored in the child.
        for number in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] where !isIgnored(number) { sigaddset(&defaults, number) }
        for number in [SIGPIPE, SIGXFSZ] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // The threads that run tasks block signals. The child must not inherit this mask.
        var nothing = sigset_t()
        sigemptyset(&nothing)
        posix_spawnattr_setsigmask(&attributes, &nothing)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for stream in streams { posix_spawn_file_actions_adddup2(&actions, stream.ours, stream.theirs) }
        let (arguments, variables) = (
            CStrings(command), environment.map { CStrings($0.map { "\($0.key)=\($0.value)" }) }
        )
        defer {
            arguments.release()
            variables?.release()
        }
        var child: pid_t = 0
        let result = posix_spawnp(
            &child, command[0], &actions, &attributes, arguments.pointers, variables?.pointers ?? Self.environment)
        guard result == 0 else { throw FileError(path: command[0], code: result) }
        return child
    }

    /// Blocks the current thread until a program ends.
    ///
    /// - Returns: The status as `waitpid` returns it; nil if the process does not exist.
    package static func wait(for child: pid_t) -> Int32? {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 { if errno != EINTR { return nil } }
        return status
    }

    /// Whether this process ignores a signal. A process inherits this from its parent.
    package static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        #if canImport(Glibc)
            let handler = action.__sigaction_handler.sa_handler
        #else
            let handler = action.__sigaction_u.__sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static var environment: [UnsafeMutablePointer<CChar>?] {
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(variable)
            next += 1
        }
        return variables + [nil]
    }
}

/// A list of C strings that ends with nil.
private struct CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

    func release() { for pointer in pointers { free(pointer) } }
}
