internal import RingdownCore

/// The simulator's clock. It runs in real time or at another speed, or is stopped and advanced explicitly.
final class SimulatedClock: Sendable {
    private struct State {
        /// The time of the base clock when the speed was set.
        var baseAnchor: Timestamp
        /// The time of this clock when the speed was set.
        var anchor: Timestamp
        /// The seconds of this clock for each second of the base clock; 0 if the clock is stopped.
        var scale: Double = 1
    }

    /// The virtual time that programs share, if any. The clock then follows it.
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
            // Every request reads the clock, so this uses floating-point seconds for speed.
            let elapsed = base.secondsSince1970 - state.baseAnchor.secondsSince1970
            return Timestamp(secondsSince1970: state.anchor.secondsSince1970 + elapsed * state.scale)
        }
    }

    var scale: Double { state.withLock { $0.scale } }

    /// Sets the speed relative to the base clock; 0 stops the clock.
    func setScale(_ scale: Double) {
        let (base, now) = (base.now().wall, now)
        state.withLock { $0 = State(baseAnchor: base, anchor: now, scale: scale) }
    }

    /// Moves the clock forward or, for a negative duration, back.
    func advance(by duration: Duration) {
        if let virtual { return virtual.advance(by: duration) }
        state.withLock { $0.anchor = $0.anchor + duration }
    }

    /// Waits for a duration of this clock. Returns immediately if the clock is stopped.
    func sleep(for duration: Duration) async {
        let scale = scale
        if scale > 0 { try? await base.sleep(for: duration / scale) }
    }
}
