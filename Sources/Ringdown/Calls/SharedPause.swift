internal import RingdownCore
internal import RingdownOAuth

/// The pause of all processes with the same token, because the platform requested a wait.
///
/// The store is read at most every 250 ms, with one read at a time. Callers use the last known pause. They wait for the first read
/// only.
final class SharedPause: Sendable {
    private struct State {
        var end: Timestamp?
        /// The uptime of the start of the last read.
        var lastRead: Duration?
        var isReading = false
        var isKnown = false
        /// The end of the last pause that this client shared.
        var posted = Timestamp(secondsSince1970: 0)
    }

    static let interval: Duration = .milliseconds(250)

    private let store: any TokenStore
    private let key: CacheKey
    private let tasks: TaskOwner
    private let state = Locked(State())
    /// The callers that wait for the first read.
    private let waiting = WaitList()

    /// Creates a pause.
    ///
    /// - Parameters:
    ///   - store: The store that shares the pause.
    ///   - key: The key of the token.
    ///   - tasks: The owner of the reads.
    init(_ store: any TokenStore, _ key: CacheKey, tasks: TaskOwner) {
        (self.store, self.key, self.tasks) = (store, key, tasks)
        // A store that stores nothing has no pause and is never read.
        if store is MemoryOnly { state.withLock { ($0.isReading, $0.isKnown) = (true, true) } }
    }

    /// Returns the end of the pause; nil if calls are not paused.
    ///
    /// - Parameter now: The uptime.
    /// - Throws: `CancellationError` if the task is cancelled during the first read.
    func end(at now: Duration) async throws -> Timestamp? {
        while true {
            let ticket = waiting.ticket()
            let (end, isKnown, isDue) = state.withLock { state -> (Timestamp?, Bool, Bool) in
                let isDue = !state.isReading && state.lastRead.map { now - $0 >= Self.interval } ?? true
                if isDue { (state.isReading, state.lastRead) = (true, now) }
                return (state.end, state.isKnown, isDue)
            }
            if isDue { tasks.start { [weak self] in await self?.read() } }
            if isKnown { return end }
            try await waiting.wait(ticket)
        }
    }

    /// Ends the waits of callers.
    func shutDown() { waiting.close() }

    private func read() async {
        let end = await store.pause(key)
        let isFirst = state.withLock { state in
            state.end = end
            defer { (state.isReading, state.isKnown) = (false, true) }
            return !state.isKnown
        }
        if isFirst { waiting.resume() }
    }

    /// Pauses all processes.
    ///
    /// - Parameter end: The end of the pause. It is shared only if it is later than the last shared one.
    func share(until end: Timestamp) async {
        let isLater = state.withLock { state in
            guard end > state.posted + .milliseconds(100) else { return false }
            state.posted = end
            return true
        }
        if isLater { await store.pause(key, until: end) }
    }
}
