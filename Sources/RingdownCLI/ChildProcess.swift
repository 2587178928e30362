internal import RingdownCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs another program in the foreground. It inherits the streams and the terminal, and receives the signals sent to this process.
enum ChildProcess {
    /// The process to which signals are forwarded; 0 before it exists.
    private static let current = Atomic<Int32>(0)
    /// A signal that arrived before the process existed.
    private static let early = Atomic<Int32>(0)

    /// Runs a program until it exits.
    ///
    /// - Parameters:
    ///   - command: The program and its arguments.
    ///   - environment: The environment variables of the program.
    ///   - prepare: A function that is called before the program starts, after the signal handlers are installed.
    /// - Returns: The program's exit code; 128 plus the signal's number if a signal ended it, as in a shell.
    /// - Throws: `ProgramStartError` if the program cannot be started.
    static func run(
        _ command: [String], environment: [String: String], prepare: () throws -> Void = {}
    ) async throws -> Int32 {
        // An ignored SIGCHLD is inherited from the parent, and would discard the child's exit code.
        signal(SIGCHLD, SIG_DFL)
        let former = [SIGINT, SIGQUIT, SIGTERM, SIGHUP].filter { !Subprocess.isIgnored($0) }.map { ($0, handOn($0)) }
        defer {
            for (number, action) in former {
                var action = action
                sigaction(number, &action, nil)
            }
            current.store(0, ordering: .sequentiallyConsistent)
        }
        try prepare()
        let child = try spawn(command, environment: environment)
        current.store(child, ordering: .sequentiallyConsistent)
        let number = early.exchange(0, ordering: .sequentiallyConsistent)
        if number != 0 { kill(child, number) }
        let status = try await Thread.run { Subprocess.wait(for: child) }
        guard let status else { return ExitCode.bug }
        let ending = status & 0x7F
        return ending == 0 ? (status >> 8) & 0xFF : 128 + ending
    }

    /// Forwards a signal to the child, unless the terminal sent it, because the terminal also sends it to the child.
    ///
    /// - Returns: The former action for the signal.
    private static func handOn(_ number: Int32) -> sigaction {
        var (action, former) = (sigaction(), sigaction())
        action.sa_flags = Int32(SA_SIGINFO) | Int32(SA_RESTART)
        let handler: @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void = {
            number, information, _ in
            let isFromProcess = (information?.pointee.si_code ?? 0) <= 0
            guard isFromProcess else { return }
            let child = ChildProcess.current.load(ordering: .sequentiallyConsistent)
            if child == 0 {
                ChildProcess.early.store(number, ordering: .sequentiallyConsistent)
            } else {
                kill(child, number)
            }
        }
        #if canImport(Glibc)
            action.__sigaction_handler.sa_sigaction = handler
        #else
            action.__sigaction_u.__sa_sigaction = handler
        #endif
        sigaction(number, &action, &former)
        return former
    }
}

/// The signals that stop a server: SIGINT, SIGTERM and SIGHUP.
struct EndSignals {
    /// The write end of the pipe to which the handler writes.
    private static let reporter = Atomic<Int32>(-1)
    private let reading: Int32
    /// A descriptor that becomes readable after a signal.
    var descriptor: Int32 { reading }

    /// Installs handlers that report the signals to ``wait()`` instead of ending the process.
    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        reading = ends[0]
        Self.reporter.store(ends[1], ordering: .sequentiallyConsistent)
        for number in [SIGINT, SIGTERM, SIGHUP] where !Subprocess.isIgnored(number) {
            signal(number) { _ in
                var byte: UInt8 = 1
                _ = write(EndSignals.reporter.load(ordering: .relaxed), &byte, 1)
            }
        }
    }

    /// Waits for a signal.
    func wait() async {
        _ = try? await Thread.run { block() }
    }

    /// Blocks the current thread until a signal arrives.
    func block() {
        var byte: UInt8 = 0
        while read(reading, &byte, 1) < 0, errno == EINTR {}
    }

    /// Restores the default action, so that the signals end the process.
    static func release() {
        for number in [SIGINT, SIGTERM, SIGHUP] where !Subprocess.isIgnored(number) { signal(number, SIG_DFL) }
    }
}
