import RingdownCore
import RingdownOAuth
import RingdownTestSupport
import Testing

@Suite struct RenewalScheduleTests {
    private let start = ManualTime().now()

    @Test func `tokens that are granted expired are requested once per backoff step`() {
        var schedule = RenewalSchedule(shortest: .seconds(0.2))
        let expired = Token.sample(lifetime: .zero, at: start, isCacheable: false)
        let pauses = (1...7).map { _ in schedule.pause(after: expired, at: start, draw: 0.999) }
        let steps: [Double] = [10, 20, 40, 80, 160, 300, 300]
        for (pause, step) in zip(pauses, steps) { #expect((.seconds(step / 2) ... .seconds(step)).contains(pause)) }
    }

    @Test func `valid tokens are checked twenty times in their remaining lifetime, at least every 30 s`() {
        var schedule = RenewalSchedule(shortest: .seconds(0.2))
        func pause(_ lifetime: Duration) -> Duration {
            schedule.pause(after: .sample(lifetime: lifetime, at: start), at: start, draw: 0)
        }
        #expect(pause(.seconds(3600)) == .seconds(30))
        #expect(pause(.seconds(60)) == .seconds(3))
        #expect(pause(.seconds(1)) == .seconds(0.2))
    }

    @Test func `a failure does not delay the next token by more than 30 s`() {
        var schedule = RenewalSchedule(shortest: .seconds(1))
        for _ in 0..<10 { #expect(schedule.pause(after: nil, at: start, draw: 0.5) <= .seconds(30)) }
    }
}
