internal import RingdownCore

/// A submitted job for conversation details. The state depends on the clock.
struct AnalyticsJob: Sendable {
    var submitted: Timestamp
    /// The time at which the job ends.
    var done: Timestamp
    /// The time at which the results expire.
    var gone: Timestamp
    var numbers: Range<Int>
    var isCancelled = false
    /// The final state that a fault sets.
    var outcome: String?

    /// The state of a job (`genesys-cloud.md` section 6): queued → pending → fulfilled or another outcome → expired. A job can be
    /// cancelled at any time.
    enum State: Equatable {
        case queued, pending, fulfilled, cancelled, expired
        /// The final state that a fault sets.
        case outcome(String)

        init(_ name: String) {
            let named: [State] = [.queued, .pending, .fulfilled, .cancelled, .expired]
            self = named.first { $0.name == name } ?? .outcome(name)
        }

        var name: String {
            switch self {
            case .queued: "QUEUED"
            case .pending: "PENDING"
            case .fulfilled: "FULFILLED"
            case .cancelled: "CANCELLED"
            case .expired: "EXPIRED"
            case .outcome(let name): name
            }
        }

        var hasCompletionDate: Bool {
            switch self {
            case .queued, .pending, .cancelled: false
            case .fulfilled, .expired, .outcome: true
            }
        }
    }

    /// The state at a time. The durations are assumptions.
    func state(at now: Timestamp) -> State {
        if isCancelled { return .cancelled }
        if now >= gone { return .expired }
        if now >= done { return outcome.map(State.init) ?? .fulfilled }
        return (now - submitted).inSeconds < (done - submitted).inSeconds * 0.4 ? .queued : .pending
    }
}
