internal import CommandLineKit
internal import Foundations
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs another program in the foreground: it has our streams and our terminal, and gets the signals that we are sent.
enum ChildProcess {
    /// The process that signals are handed on to.
    private static let current = Atomic<Int32>(0)

    /// Returns the program's exit code; 128 and the signal's number where a signal ended it, as a shell does.
    ///
    /// Throws `UsageError` where the program cannot be started.
    static func run(_ command: [String], environment: [String: String]) async throws -> Int32 {
        // Where a parent ignores this signal, so would we, and the child's exit code would be lost.
        signal(SIGCHLD, SIG_DFL)
        let child = try start(command, environment)
        current.store(child, ordering: .sequentiallyConsistent)
        // The terminal sends its signals to the child as well: it decides what they mean.
        let former = [SIGINT, SIGQUIT].map { ($0, signal($0, SIG_IGN)) }
        let handedOn = [SIGTERM, SIGHUP].map { number in
            (number, signal(number) { _ = kill(ChildProcess.current.load(ordering: .relaxed), $0) })
        }
        let status = try await Thread.run { () -> Int32? in
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 { if errno != EINTR { return nil } }
            return status
        }
        for (number, handler) in former + handedOn { signal(number, handler) }
        guard let status else { return ExitCode.bug }
        let ending = status & 0x7F
        return ending == 0 ? (status >> 8) & 0xFF : 128 + ending
    }

    private static func start(_ command: [String], _ environment: [String: String]) throws(UsageError) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var child: pid_t = 0
        let result = withCStrings(command) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
                posix_spawnp(
                    &child, arguments[0] ?? variables[0].unsafelyUnwrapped, nil, &attributes, arguments, variables)
            }
        }
        guard result == 0 else {
            throw UsageError(
                "cannot run '\(excerpt(command[0], limit: 100))': \(String(cString: strerror(result)))",
                hint: "check the command behind '--'"
            )
        }
        return child
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        return body(pointers + [nil])
    }
}

/// Signals that end a program which serves: SIGINT, SIGTERM and SIGHUP.
struct EndSignals {
    /// The writing end of the pipe that the handler reports to.
    private static let reporter = Atomic<Int32>(-1)
    private let reading: Int32

    /// From now on the signals are kept for ``wait()`` instead of ending the process.
    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        reading = ends[0]
        Self.reporter.store(ends[1], ordering: .sequentiallyConsistent)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in
                var byte: UInt8 = 1
                _ = write(EndSignals.reporter.load(ordering: .relaxed), &byte, 1)
            }
        }
    }

    /// Returns once the process was told to end.
    func wait() async {
        let reading = reading
        _ = try? await Thread.run {
            var byte: UInt8 = 0
            while read(reading, &byte, 1) < 0, errno == EINTR {}
        }
    }
}
