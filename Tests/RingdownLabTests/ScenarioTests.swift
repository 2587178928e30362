import RingdownCore
import RingdownLab
import Testing

@Suite struct ScenarioTests {
    private static let corpus: [Scenario] = {
        let parts = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        do { return try Scenario.read(File.read(parts + "/Scenarios/lifecycle.json")) } catch {
            preconditionFailure("\(error)")
        }
    }()

    @Test func `the corpus has at least 60 scenarios with unique names`() {
        #expect(Self.corpus.count >= 60)
        #expect(Set(Self.corpus.map(\.name)).count == Self.corpus.count)
    }

    @Test(arguments: [ScenarioRunner.machine, .library])
    func `the state machine and the library pass all scenarios`(runner: ScenarioRunner) async {
        var count = 0
        for scenario in Self.corpus {
            guard let complaints = await runner.play(scenario) else { continue }
            count += 1
            for complaint in complaints { Issue.record("\(scenario.name): \(complaint)") }
        }
        #expect(count > Self.corpus.count - 5)
    }

    @Test(
        arguments: [
            ("{}", "the file"), ("[1]", "scenario 1"), (#"[{"name": "x"}]"#, "'x'"), ("[", "line 1"),
            (#"[{"name": "x", "steps": [{"do": "dance"}]}]"#, "'x', step 1"),
            (#"[{"name": "x", "given": {"cached": "warm"}, "steps": []}]"#, "given.cached"),
        ])
    func `an error in a file is reported with its position`(text: String, place: String) {
        let error = #expect(throws: Scenario.Invalid.self) { try Scenario.read(Array(text.utf8)) }
        #expect(error?.place.contains(place) == true)
    }

    @Test func `failed expectations are reported`() async throws {
        let text =
            #"[{"name": "x", "steps": [{"do": "getToken", "expect": {"result": "cached", "sourceContacted": false}}]}]"#
        let complaints = await ScenarioRunner.library.play(try Scenario.read(Array(text.utf8))[0])
        #expect(complaints?.count == 2)
    }

    @Test func `random simulations violate no invariant`() {
        for seed in 1...40 as ClosedRange<UInt64> {
            let report = LifecycleSimulation.run(seed: seed, events: 1500)
            if let violation = report.violation { Issue.record("seed \(seed): \(violation)") }
            #expect(report.requests > 5)
        }
    }

    @Test func `the same seed results in the same run`() {
        let (first, second) = (
            LifecycleSimulation.run(seed: 7, events: 3000), LifecycleSimulation.run(seed: 7, events: 3000)
        )
        #expect((first.events, first.requests) == (second.events, second.requests))
    }
}
