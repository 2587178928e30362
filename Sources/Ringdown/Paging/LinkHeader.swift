internal import RingdownCore

/// The `Link` header field (RFC 8288).
enum LinkHeader {
    /// Returns the target of the link with the relation `next`; nil if the field has no such link.
    static func next(in headers: Headers) -> String? {
        for field in headers.fields where field.name.equalsIgnoringCase("Link") {
            guard case .text(let text) = field.value else { continue }
            if let target = next(in: text) { return target }
        }
        return nil
    }

    /// Returns the target of the link with the relation `next` in the value of a field.
    static func next(in text: String) -> String? {
        var rest = text[...]
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            let target = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            if parameters(of: &rest).contains(where: isNext), !target.isEmpty { return String(target) }
        }
        return nil
    }

    private static func isNext(_ parameter: Substring) -> Bool {
        let parts = parameter.split(separator: "=", maxSplits: 1).map { String($0).trimmed }
        guard parts.count == 2, parts[0].equalsIgnoringCase("rel") else { return false }
        let value = parts[1].trimmingPrefix("\"")
        return value.split(whereSeparator: { $0 == " " || $0 == "\"" }).contains {
            String($0).equalsIgnoringCase("next")
        }
    }

    /// Takes the parameters of a link, up to and including the comma before the next link.
    private static func parameters(of rest: inout Substring) -> [Substring] {
        var (parameters, start, isQuoted, isEscaped) = ([Substring](), rest.startIndex, false, false)
        var index = rest.startIndex
        while index < rest.endIndex {
            let character = rest[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if !isQuoted, character == ";" || character == "," {
                parameters.append(rest[start..<index])
                start = rest.index(after: index)
                if character == "," { break }
            }
            index = rest.index(after: index)
        }
        if index == rest.endIndex { parameters.append(rest[start..<index]) }
        rest = index == rest.endIndex ? "" : rest[rest.index(after: index)...]
        return parameters
    }
}
