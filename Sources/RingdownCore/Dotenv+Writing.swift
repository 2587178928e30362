extension Dotenv {
    /// Returns a line that all common parsers read as this value, or nil if none exists, as for values with a line break or `'`.
    package static func line(_ name: String, _ value: Secret) -> Secret? {
        let isPlain = !value.contains { !($0.isAlphanumeric || "_-.~/+=:@,".utf8.contains($0)) }
        if value.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return nil }
        let quote = Secret(isPlain ? "" : "'")
        let line = Secret(joining: [Secret(name + "="), quote, value, quote, Secret("\n")])
        // Parsing the line must return the same value, without an ambiguity.
        var bytes = line.withBytes { Array($0) }
        defer { wipe(&bytes) }
        let read = (try? parse(bytes)) ?? []
        return read.count == 1 && read[0].value == value && read[0].ambiguity == nil ? line : nil
    }

    /// Returns the file with every assignment of a name replaced by one line. Everything else is preserved, including comments.
    ///
    /// - Parameters:
    ///   - name: The name of the variable.
    ///   - line: The new line, which is appended if the file does not assign the name. If nil, the assignments are deleted.
    ///   - bytes: The content of the file.
    /// - Throws: ``Malformed`` if the file cannot be parsed.
    package static func setting(
        _ name: String, to line: Secret?, in bytes: [UInt8]
    ) throws(Malformed) -> [UInt8] {
        let places = try parse(bytes).filter { $0.name == name }
        let replaced = Set(places.flatMap { $0.line...$0.lastLine })
        var new = line?.withBytes { Array($0) } ?? []
        if let last = places.last, !new.isEmpty {
            if last.isExported { new = Array("export ".utf8) + new }
            if let comment = last.comment { new = new.dropLast() + Array(" \(comment)\n".utf8) }
        }
        var result: [UInt8] = []
        for (index, text) in lines(of: bytes).enumerated() {
            if !replaced.contains(index + 1) { result += text }
            if index + 1 == places.last?.line { result += new }
        }
        if places.isEmpty, !new.isEmpty {
            if let last = result.last, last != 0x0A { result.append(0x0A) }
            result += new
        }
        return result
    }

    /// The lines of a file, including their line endings.
    private static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        for index in bytes.indices {
            let isEnd =
                bytes[index] == 0x0A || (bytes[index] == 0x0D && (index + 1 == bytes.count || bytes[index + 1] != 0x0A))
            if isEnd {
                lines.append(bytes[start...index])
                start = index + 1
            }
        }
        return start < bytes.count ? lines + [bytes[start...]] : lines
    }
}
