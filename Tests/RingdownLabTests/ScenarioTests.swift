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

    @Test func `the corpus has at least sixty scenarios with names of their own`() {
        #expect(Self.corpus.count >= 60)
        #expect(Set(Self.corpus.map(\.name)).count == Self.corpus.count)
    }

    @Test(arguments: [ScenarioRunner.machine, .library])
    func `the machine and the library play the corpus`(runner: ScenarioRunner) async {
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
    func `a file with a mistake says where`(text: String, place: String) {
        let error = #expect(throws: Scenario.Invalid.self) { try Scenario.read(Array(text.utf8)) }
        #expect(error?.place.contains(place) == true)
    }

    @Test func `what must not be is found`() async throws {
        let text =
            #"[{"name": "x", "steps": [{"do": "getToken", "expect": {"result": "cached", "sourceContacted": false}}]}]"#
        let complaints = await ScenarioRunner.library.play(try Scenario.read(Array(text.utf8))[0])
        #expect(complaints?.count == 2)
    }

    @Test func `random lives of processes, stores and an endpoint keep every promise`() {
        for seed in 1...40 as ClosedRange<UInt64> {
            let report = LifecycleSimulation.run(seed: seed, events: 1500)
            if let violation = report.violation { Issue.record("seed \(seed): \(violation)") }
            #expect(report.requests > 5)
        }
    }

    @Test func `a seed replays exactly`() {
        let (first, second) = (
            LifecycleSimulation.run(seed: 7, events: 3000), LifecycleSimulation.run(seed: 7, events: 3000)
        )
        #expect((first.events, first.requests) == (second.events, second.requests))
    }
}
