import RingdownCore
import RingdownTestSupport
import Testing

/// Every claim in SECURITY.md has a test.
@Suite struct SecurityPageTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    private static func text(_ path: String) throws -> String { String(decoding: try File.read(path), as: UTF8.self) }

    /// The sources of all tests, in Swift and Python.
    private static func sources() throws -> String {
        let tests = root + "/Tests"
        let files = TemporaryDirectory.names(in: tests).flatMap { directory in
            TemporaryDirectory.names(in: "\(tests)/\(directory)").map { "\(tests)/\(directory)/\($0)" }
        }
        return try files.filter { $0.hasSuffix("Tests.swift") || $0.hasSuffix(".py") }.map(text).joined()
    }

    @Test func `every attack in SECURITY.md names a test that exists`() throws {
        let page = try Self.text(Self.root + "/SECURITY.md")
        let table = try #require(page.components(between: "## Attacks considered", and: "\n## "))
        let rows = table.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| attack") }
        #expect(rows.count > 30)
        let sources = try Self.sources()
        for row in rows {
            let test =
                row.split(separator: "|").last.map { $0.split(separator: "`").filter { $0 != " " } }?.first.map(
                    String.init) ?? ""
            let isThere = sources.contains("func `\(test)`") || sources.contains("def \(test)(")
            #expect(isThere && !test.isEmpty, "\(row)")
        }
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> Substring? {
        guard let first = firstRange(of: start) else { return nil }
        let rest = self[first.upperBound...]
        return rest.firstRange(of: end).map { rest[..<$0.lowerBound] } ?? rest
    }
}
