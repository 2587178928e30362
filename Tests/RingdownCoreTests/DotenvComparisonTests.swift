import RingdownCore
import RingdownTestSupport
import Testing

/// Compares the parser with python-dotenv and Node.js. `test_dotenv.py` records what they read.
@Suite struct DotenvComparisonTests {
    /// A file and what other programs read as the value of `KEY`.
    private struct Reading {
        let file: String
        let python: String?
        let node: String?
        /// The line that sets the value.
        let line: Int?
        /// The first lines that python-dotenv cannot read.
        let dropped: ClosedRange<Int>?
        /// Whether python-dotenv accepts a name without `=`, a name with a line break, or no name after `export`.
        let isOdd: Bool
        /// Whether the value has only characters that all programs read alike.
        let isPlain: Bool

        init(_ json: JSON) throws {
            file = try #require(json["file"]?.text)
            (python, node) = (json["value"]?.text, json["node"]?.text)
            line = json["line"]?.int
            let lines = (json["dropped"]?.array?.first?.array ?? []).compactMap(\.int)
            dropped = lines.count == 2 ? lines[0]...lines[1] : nil
            (isOdd, isPlain) = (json["isOdd"] == true, json["isPlain"] == true)
        }
    }

    private static func readings() throws -> [Reading] {
        let path = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Shared/dotenv.json"
        let readings = try #require(try JSONReader.parse(try File.read(path)).array).map(Reading.init)
        #expect(readings.count > 600)
        return readings
    }

    /// The assignment of `KEY` that Ringdown uses.
    private static func value(_ reading: Reading) throws(Dotenv.Malformed) -> Dotenv.Assignment? {
        try Dotenv.parse(Array(reading.file.utf8)).last { $0.name == "KEY" }
    }

    @Test func `a file is read like python-dotenv, or rejected with the line that it drops`() throws {
        for reading in try Self.readings() {
            do {
                let value = try Self.value(reading)?.value.reveal() ?? ""
                #expect(reading.dropped == nil && !reading.isOdd, "\(reading.file.debugDescription) was read")
                #expect(value == reading.python ?? "", "\(reading.file.debugDescription)")
            } catch {
                let isExpected = reading.isOdd || reading.dropped?.contains(error.line) == true
                #expect(isExpected, "\(reading.file.debugDescription): \(error)")
            }
        }
    }

    @Test func `a value that Node.js reads differently is marked`() throws {
        for reading in try Self.readings() where reading.dropped == nil && !reading.isOdd {
            guard let python = reading.python, !python.isEmpty, python != reading.node else { continue }
            let assignment = try #require(try Self.value(reading))
            #expect(assignment.ambiguity != nil, "\(reading.file.debugDescription)")
            #expect(assignment.line == reading.line, "\(reading.file.debugDescription)")
        }
    }

    @Test func `a plain value is read alike by all and is not marked`() throws {
        for reading in try Self.readings() where reading.isPlain {
            let assignment = try #require(try Self.value(reading))
            #expect(reading.python == reading.node)
            #expect(assignment.ambiguity == nil, "\(reading.file.debugDescription)")
        }
    }

    @Test func `a file that is not UTF-8 is rejected with the line`() {
        let error = #expect(throws: Dotenv.Malformed.self) {
            try Dotenv.parse(Array("A=1\nKEY=a".utf8) + [0xFF, 0x62, 0x0A])
        }
        #expect(error?.line == 2)
    }
}
