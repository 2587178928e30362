package import RingdownCore

/// The text of a secret in a file, in the output of a command, or on standard input.
package enum SecretText {
    /// The reason why a text is not a secret: a clause about the text, and how to correct it.
    package struct Problem: Error, Sendable, Equatable {
        /// The clause, such as `is UTF-16 text`.
        package let reason: String
        /// The correction.
        package let hint: String
    }

    /// Returns the secret: the text without a byte order mark, and without the trailing line break that editors and `echo` append.
    ///
    /// - Throws: ``Problem`` for UTF-16 text, an assignment, or an empty text.
    package static func secret(of bytes: [UInt8]) throws(Problem) -> Secret {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || bytes.contains(0) {
            throw Problem(
                reason: "is UTF-16 text", hint: "save it as UTF-8, or use an editor that shows the encoding")
        }
        var text = bytes.withoutByteOrderMark
        if text.last == 0x0A { text.removeLast() }
        if text.last == 0x0D { text.removeLast() }
        if text.isEmpty { throw Problem(reason: "the secret is empty", hint: "check the source of the secret") }
        if let name = assignedName(text) {
            throw Problem(
                reason: "contains an assignment (\(name)=…) instead of the secret",
                hint: "remove '\(name)=', so that only the secret remains")
        }
        return Secret(bytes: text)
    }

    /// Returns the name if a text is `NAME=value`, as in files of environment variables. Secrets can contain `=` too, so the name
    /// must look like the name of a setting.
    private static func assignedName(_ text: ArraySlice<UInt8>) -> String? {
        var text = text.drop { " \t\r\n".utf8.contains($0) }
        for prefix in ["export ", "set ", "$env:"] where text.starts(with: prefix.utf8) {
            text = text.dropFirst(prefix.utf8.count)
        }
        guard let equals = text.prefix(64).firstIndex(of: UInt8(ascii: "=")) else { return nil }
        var name = text[..<equals]
        while let last = name.last, last == 0x20 { name.removeLast() }
        let value = text[(equals + 1)...]
        // Base64 and Base32 end with padding.
        guard value.contains(where: { $0 != UInt8(ascii: "=") }), name.count > 2,
            name.allSatisfy({ $0.isAlphanumeric || $0 == UInt8(ascii: "_") })
        else { return nil }
        let found = String(decoding: name, as: UTF8.self)
        guard found.contains("_") || found == found.uppercased() else { return nil }
        let words = ["SECRET", "PASSWORD", "TOKEN", "KEY", "CLIENT", "GENESYS", "CXONE", "RINGDOWN", "OAUTH"]
        return words.contains { found.uppercased().contains($0) } ? found : nil
    }

    /// Returns the invisible characters of a text, such as `U+200B at position 3`. Web pages and chat programs insert them.
    package static func invisibleCharacters(_ text: String) -> [String] {
        text.unicodeScalars.enumerated().filter { isInvisible($1) }.prefix(5).map { index, scalar in
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + " at position \(index + 1)"
        }
    }

    /// Returns a text without its invisible characters.
    package static func withoutInvisibleCharacters(_ text: String) -> String {
        var visible = String.UnicodeScalarView()
        visible.append(contentsOf: text.unicodeScalars.filter { !isInvisible($0) })
        return String(visible)
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}
