internal import RingdownCore

/// The encoding of a body.
enum ContentEncoding {
    case identity
    case gzip(GzipDecoder)
    /// An encoding that was not requested.
    case unsupported

    init(_ field: String?) {
        switch (field ?? "").trimmed.lowercased() {
        case "", "identity": self = .identity
        case "gzip", "x-gzip": self = GzipDecoder().map { .gzip($0) } ?? .unsupported
        default: self = .unsupported
        }
    }

    var isUnsupported: Bool { if case .unsupported = self { true } else { false } }
}
