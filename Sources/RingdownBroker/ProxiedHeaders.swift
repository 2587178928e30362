internal import RingdownCore

/// The header fields that the broker forwards (RFC 9110 section 7.6.1).
enum ProxiedHeaders {
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// Returns the fields without those of the connection, the credentials of the caller and those that the transport sets.
    static func toServer(_ headers: Headers) -> Headers {
        passed(headers, without: ["authorization", "host", "content-length", "accept-encoding", "expect", "cookie"])
    }

    /// Returns the fields without those that no longer apply, since the transport has decompressed the body.
    static func toCaller(_ headers: Headers) -> Headers {
        passed(headers, without: ["content-length", "content-encoding", "set-cookie"])
    }

    private static func passed(_ headers: Headers, without dropped: Set<String>) -> Headers {
        let named = (headers["Connection"] ?? "").lowercased().split(separator: ",").map { String($0).trimmedBlanks }
        var passed = Headers()
        for field in headers.fields {
            let name = field.name.lowercased()
            guard !hopByHop.contains(name), !dropped.contains(name), !named.contains(name) else { continue }
            if case .text(let text) = field.value { passed.addParsed(field.name, text) }
        }
        return passed
    }
}

extension String {
    fileprivate var trimmedBlanks: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
