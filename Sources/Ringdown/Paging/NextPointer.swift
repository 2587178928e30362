internal import RingdownCore

/// The place of the next link or token in a response, for a paging style that cannot be inferred: a JSON pointer (RFC 6901) such as
/// `/meta/nextPage`, or a header field such as `header:Link`.
public struct NextPointer: Sendable, Hashable, CustomStringConvertible {
    private enum Place: Hashable {
        case member([String])
        case header(String)
    }

    /// The text of a pointer has another form.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        /// The reason.
        public let description: String
    }

    /// The pointer as text.
    public let description: String
    private let place: Place

    /// Parses a pointer.
    ///
    /// - Throws: ``Invalid`` if the text is neither a JSON pointer nor `header:NAME`.
    public init(_ text: String) throws(Invalid) {
        description = text
        if text.lowercased().hasPrefix("header:") {
            let name = String(text.dropFirst(7)).trimmed
            guard !name.isEmpty, !name.contains(" ") else { throw Invalid(description: "the header field has no name") }
            place = .header(name)
            return
        }
        guard text.hasPrefix("/"), text.count > 1 else {
            throw Invalid(description: "it is neither a JSON pointer such as /meta/next nor header:NAME")
        }
        place = .member(
            text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
                $0.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
                    .split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
            })
    }

    /// The parameter that receives a token: `cursor` for `next_cursor`, `pageToken` for `nextPageToken`, and the name itself for
    /// names without `next`.
    var parameter: String {
        let name =
            switch place {
            case .member(let path): path.last ?? ""
            case .header(let name): name.split(separator: "-").last.map(String.init) ?? name
            }
        for prefix in ["next_", "next"] where name.lowercased().hasPrefix(prefix) && name.count > prefix.count {
            let rest = name.dropFirst(prefix.count)
            return rest.prefix(1).lowercased() + rest.dropFirst()
        }
        return name.lowercased() == "next" ? "page" : name
    }

    /// Whether the absence of the place is normal on a list of one page.
    var isOptional: Bool { place == .header("Link") || place == .header("link") }

    /// Returns the link or token; an empty text if it is `null` or empty; nil if the place does not exist.
    func value(in page: Page) -> String? {
        switch place {
        case .header(let name):
            if name.equalsIgnoringCase("Link") { return LinkHeader.next(in: page.headers) }
            return page.headers[name]?.trimmed
        case .member(let path):
            var json = page.whole
            for name in path {
                switch json {
                case .object(let members)?: json = members.last { $0.name == name }?.value
                case .array(let elements)?:
                    json = Int(fromServer: name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
                default: return nil
                }
            }
            switch json {
            case nil: return nil
            case .null?, .bool(false)?: return ""
            default: return json?.text ?? json?["href"]?.text
            }
        }
    }
}
