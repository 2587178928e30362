internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Starts a program.
///
/// - Parameters:
///   - command: The program and its arguments.
///   - environment: The environment variables of the program.
///   - streams: Descriptors of this process that replace the program's standard streams. Other streams are inherited.
/// - Returns: The ID of the process.
/// - Throws: `UsageError` if the program cannot be started.
func spawn(
    _ command: [String], environment: [String: String], streams: [(ours: Int32, theirs: Int32)] = []
) throws(UsageError) -> pid_t {
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
    var child: pid_t = 0
    let result = withCStrings(command) { arguments in
        withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
            posix_spawnp(
                &child, arguments[0] ?? variables[0].unsafelyUnwrapped, &actions, &attributes, arguments, variables)
        }
    }
    guard result == 0 else {
        throw UsageError(
            "cannot run '\(sanitized(command[0], limit: 100))': \(String(cString: strerror(result)))",
            hint: "check the command after '--'"
        )
    }
    return child
}

private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let pointers = strings.map { strdup($0) }
    defer { pointers.forEach { free($0) } }
    return body(pointers + [nil])
}
