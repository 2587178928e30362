internal import RingdownCore

/// The simulator's own time: real, faster or slower than real, or standing still until it is moved.
final class SimulatedClock: Sendable {
    private struct State {
        /// What the base showed when the mode was set, and what this clock showed then.
        var baseAnchor: Timestamp
        var anchor: Timestamp
        /// Seconds of this clock for each second of the base; 0 stands still.
        var scale: Double = 1
    }

    /// The time that programs share, where they do; the clock then follows it.
    let virtual: VirtualTime?
    let base: any TimeSource
    private let state: Locked<State>

    init(_ base: any TimeSource) {
        self.base = base
        virtual = base as? VirtualTime
        let now = base.now().wall
        state = Locked(State(baseAnchor: now, anchor: now))
    }

    var now: Timestamp {
        let base = base.now().wall
        return state.withLock { state in
            // In plain seconds, since every request asks.
            let elapsed = base.secondsSince1970 - state.baseAnchor.secondsSince1970
            return Timestamp(secondsSince1970: state.anchor.secondsSince1970 + elapsed * state.scale)
        }
    }

    var scale: Double { state.withLock { $0.scale } }

    /// Changes the pace from now on; 0 stops the clock.
    func setScale(_ scale: Double) {
        let (base, now) = (base.now().wall, now)
        state.withLock { $0 = State(baseAnchor: base, anchor: now, scale: scale) }
    }

    /// Moves the clock, forward or back.
    func advance(by duration: Duration) {
        if let virtual { return virtual.advance(by: duration) }
        state.withLock { $0.anchor = $0.anchor + duration }
    }

    /// Waits in real time, at the clock's pace; a clock that stands still does not make anyone wait.
    func sleep(for duration: Duration) async {
        let scale = scale
        if scale > 0 { try? await base.sleep(for: duration / scale) }
    }
}
