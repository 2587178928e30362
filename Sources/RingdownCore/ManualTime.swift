/// A clock that advances only when a test advances it.
public final class ManualTime: TimeSource {
    private struct Sleeper {
        var id: Int
        var end: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }
    private struct State {
        var now: Instant
        var sleepers: [Sleeper] = []
        var nextID = 0
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Locked<State>

    /// Creates a clock at 2026-11-21T08:00:00Z with an uptime of one hour.
    public init() {
        let start = Instant(uptime: .seconds(3600), wall: Timestamp(secondsSince1970: 1_795_248_000))
        state = Locked(State(now: start))
    }

    public func now() -> Instant { state.withLock { $0.now } }

    public func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let watchers = state.withLock { state -> [CheckedContinuation<Void, Never>]? in
                    if Task.isCancelled { return nil }
                    state.sleepers.append(Sleeper(id: id, end: state.now.uptime + duration, continuation: continuation))
                    let ready = state.watchers.filter { $0.count <= state.sleepers.count }.map(\.continuation)
                    state.watchers.removeAll { $0.count <= state.sleepers.count }
                    return ready
                }
                guard let watchers else { return continuation.resume(throwing: CancellationError()) }
                watchers.forEach { $0.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Advances both clocks and wakes the tasks whose sleep has ended.
    public func advance(by duration: Duration) {
        let awake = state.withLock { state -> [Sleeper] in
            state.now = state.now + duration
            let awake = state.sleepers.filter { $0.end <= state.now.uptime }
            state.sleepers.removeAll { $0.end <= state.now.uptime }
            return awake
        }
        awake.forEach { $0.continuation.resume() }
    }

    /// Changes only the wall clock, like an administrator who sets the time.
    public func jumpWall(by duration: Duration) {
        state.withLock { $0.now.wall = $0.now.wall + duration }
    }

    /// Waits until `count` tasks sleep.
    public func waitForSleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
