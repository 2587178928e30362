internal import RingdownCore

/// The progress of a download over several responses. It decides which bytes of each response are new.
struct DownloadProgress: Sendable {
    /// The file differs from the one of an earlier response.
    struct Changed: Error {}

    /// The number of bytes that were passed on.
    private(set) var written = 0
    /// The size of the file; nil if no response contained it.
    private(set) var total: Int?
    /// The validator of the file (RFC 9110 section 8.8).
    private var validator: String?
    /// The number of bytes of the current response that were passed on before.
    private var skipped = 0
    private var acceptsRanges = true

    /// Whether all bytes of the file were passed on; nil if its size is unknown.
    var isComplete: Bool? { skipped > 0 ? false : total.map { written >= $0 } }

    /// The header fields of the next request. A range continues the file (RFC 9110 section 14.2).
    ///
    /// The body must not be compressed, because ranges count the bytes that are sent.
    var headers: Headers {
        var headers: Headers = ["Accept": "*/*", "Accept-Encoding": "identity"]
        guard written > 0, acceptsRanges else { return headers }
        headers.addParsed("Range", "bytes=\(written)-")
        // A weak validator must not be used here (section 13.1.5).
        if let validator, !validator.hasPrefix("W/") { headers.addParsed("If-Range", validator) }
        return headers
    }

    /// Starts with the body of a response with status 200 or 206.
    mutating func begin(_ head: Response) throws(Changed) {
        let isCoded = head.headers["Content-Encoding"].map { !$0.equalsIgnoringCase("identity") } ?? false
        var start = 0
        var size = isCoded ? nil : head.headers["Content-Length"].flatMap { Int($0) }
        if head.status == 206 {
            guard let range = Self.range(head.headers["Content-Range"]), range.start <= written else { throw Changed() }
            (start, size) = (range.start, range.total)
        }
        if isCoded { acceptsRanges = false }
        let validator = head.headers["ETag"] ?? head.headers["Last-Modified"]
        if let known = self.validator, let validator, known != validator, written > 0 { throw Changed() }
        if let total, let size, total != size, written > 0 { throw Changed() }
        (self.validator, total) = (validator ?? self.validator, size ?? total)
        skipped = written - start
    }

    /// Returns the new bytes of a part of the body.
    mutating func take(_ part: [UInt8]) -> ArraySlice<UInt8> {
        let new = part.dropFirst(skipped)
        skipped = max(0, skipped - part.count)
        written += new.count
        return new
    }

    /// Handles a range that does not exist (status 416). Returns whether the file is complete.
    mutating func endsHere(_ response: Response) -> Bool {
        acceptsRanges = false
        let size = response.headers["Content-Range"].flatMap { $0.split(separator: "/").last }.flatMap { Int($0) }
        return (size ?? total) == written
    }

    /// Parses `bytes 100-199/1000`; the size may be `*`.
    private static func range(_ text: String?) -> (start: Int, total: Int?)? {
        guard let text, text.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let start = parts[0].split(separator: "-").first.flatMap({ Int($0) }), start >= 0 else {
            return nil
        }
        return (start, Int(parts[1]))
    }
}
