internal import RingdownCore

/// Names what a token was requested with, so that no other request can be given it.
public struct CacheKey: Sendable, Hashable {
    /// A SHA-256 over the fields, each with its length before it, so that no two lists of fields look alike.
    public let bytes: [UInt8]

    public init(fields: [[UInt8]]) {
        var material: [UInt8] = []
        for field in fields {
            withUnsafeBytes(of: UInt64(field.count).bigEndian) { material += $0 }
            material += field
        }
        bytes = Sodium.sha256(material)
    }
}
