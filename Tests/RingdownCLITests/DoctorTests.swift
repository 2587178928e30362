import RingdownCLI
import RingdownCore
import Testing

@Suite struct DoctorTests {
    @Test(arguments: [
        ("abc ", "abc"), ("\"abc\"", "abc"), ("'abc'\n", "abc"), (#"abc\n"#, "abc"), ("a%2Bc", "a+c"),
        ("aWQ6c2VjcmV0", "secret"),
        ("c2VjcmV0LW9uZQ==", "secret-one"),
        (String(repeating: "A", count: 52), String(repeating: "A", count: 52) + "===="),
    ])
    func `corrects common mistakes in a stored secret`(mangled: String, right: String) {
        #expect(SecretForms.candidates(Secret(mangled)).contains { $0.secret == Secret(right) })
    }

    @Test(arguments: ["abc", "a", "eL5Al1oWh-AKo7jxuIGcNsf31rnKE6tcXM1BY8GHjyB"])
    func `finds no corrected form of a valid secret`(secret: String) {
        #expect(SecretForms.candidates(Secret(secret)).isEmpty)
    }

    private func compare(_ differences: [Double], trip: Double = 0.2) -> ClockComparison {
        var clock = ClockComparison()
        for (index, difference) in differences.enumerated() {
            let asked = Timestamp(secondsSince1970: 1000 + Double(index))
            let answered = asked + .seconds(trip)
            let date = (asked.secondsSince1970 + trip / 2 - difference).rounded(.down)
            clock.add(asked: asked, answered: answered, date: Timestamp(secondsSince1970: date))
        }
        return clock
    }

    @Test func `compares with the median of the servers' clocks and ignores an outlier`() {
        #expect(compare([0, 0, 90_000]).text.hasPrefix("agrees"))
        #expect(!compare([0, 0, 90_000]).isSkewed)
        #expect(compare([7200, 7200, 0]).isSkewed)
        #expect(compare([-7200]).text.contains("behind"))
        #expect(compare([7200]).text.contains("ahead of"))
    }

    @Test func `allows for a slow response when it compares clocks`() {
        #expect(!compare([70], trip: 30).isSkewed)
        #expect(compare([70], trip: 1).isSkewed)
        #expect(compare([]).text == "no response had a Date field")
    }
}
