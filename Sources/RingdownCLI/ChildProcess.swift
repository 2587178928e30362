internal import RingdownCore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Runs another program in the foreground: it has our streams and our terminal, and gets the signals that we are sent.
enum ChildProcess {
    /// The process that signals are handed on to; 0 before it is there.
    private static let current = Atomic<Int32>(0)
    /// A signal that came before the process was there.
    private static let early = Atomic<Int32>(0)

    /// Returns the program's exit code; 128 and the signal's number where a signal ended it, as a shell does.
    ///
    /// `prepare` is called once signals are taken care of, before the program starts. Throws `UsageError` where that cannot be.
    static func run(
        _ command: [String], environment: [String: String], prepare: () throws -> Void = {}
    ) async throws -> Int32 {
        // Where a parent ignores this signal, so would we, and the child's exit code would be lost.
        signal(SIGCHLD, SIG_DFL)
        let former = [SIGINT, SIGQUIT, SIGTERM, SIGHUP].filter { !isIgnored($0) }.map { ($0, handOn($0)) }
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
        let status = try await Thread.run { () -> Int32? in
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 { if errno != EINTR { return nil } }
            return status
        }
        guard let status else { return ExitCode.bug }
        let ending = status & 0x7F
        return ending == 0 ? (status >> 8) & 0xFF : 128 + ending
    }

    /// Hands a signal on to the child, unless it came from the terminal, which has sent it to the child as well. Returns
    /// what was done with the signal before.
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

/// Signals that end a program which serves: SIGINT, SIGTERM and SIGHUP.
struct EndSignals {
    /// The writing end of the pipe that the handler reports to.
    private static let reporter = Atomic<Int32>(-1)
    private let reading: Int32
    /// Can be read once the process was told to end.
    var descriptor: Int32 { reading }

    /// From now on the signals are kept for ``wait()`` instead of ending the process.
    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        reading = ends[0]
        Self.reporter.store(ends[1], ordering: .sequentiallyConsistent)
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
            signal(number) { _ in
                var byte: UInt8 = 1
                _ = write(EndSignals.reporter.load(ordering: .relaxed), &byte, 1)
            }
        }
    }

    /// Returns once the process was told to end.
    func wait() async {
        _ = try? await Thread.run { block() }
    }

    /// The same for a thread that may block.
    func block() {
        var byte: UInt8 = 0
        while read(reading, &byte, 1) < 0, errno == EINTR {}
    }

    /// From now on the signals end the process again.
    static func release() {
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) { signal(number, SIG_DFL) }
    }
}

/// Whether a signal is ignored, which a program inherits from whoever started it.
func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    #if canImport(Glibc)
        let handler = action.__sigaction_handler.sa_handler
    #else
        let handler = action.__sigaction_u.__sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
