internal import RingdownCore

/// A submitted CXone job. The state depends on the clock. The durations are assumptions (`cxone.md` section 5).
struct CXoneJob: Sendable {
    var number = 0
    var submitted: Timestamp
    /// The time at which the job ends.
    var done: Timestamp
    /// The time at which the results expire.
    var gone: Timestamp
    /// The final state that a fault sets.
    var outcome: String?
    var from: Timestamp
    var to: Timestamp
    var report: String
    /// The requested file name, or nil for a generated one.
    var fileName: String?
    var hasHeader = true

    func isDone(at now: Timestamp) -> Bool { now >= done }

    /// The state in the terms of data extraction jobs.
    func status(at now: Timestamp) -> String {
        guard isDone(at: now) else { return "RUNNING" }
        return outcome ?? (now >= gone ? "EXPIRED" : "SUCCEEDED")
    }

    /// A job that a call submits.
    init(_ call: Call, from: Timestamp, to: Timestamp, report: String, _ assumptions: Assumptions) {
        submitted = call.now
        done = call.now + .seconds(assumptions.number(.jobSeconds))
        gone = call.now + .seconds(assumptions.number(.jobLifetime))
        (self.from, self.to, self.report) = (from, to, report)
    }
}
