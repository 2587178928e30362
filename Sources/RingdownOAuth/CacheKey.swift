internal import RingdownCore

/// A key that identifies a token by the parameters of its token request.
///
/// Requests that could return different tokens have different keys.
public struct CacheKey: Sendable, Hashable {
    /// The SHA-256 of the fields. Each field is preceded by its length, so different lists of fields have different keys.
    public let bytes: [UInt8]

    /// Creates a key from fields, in order.
    public init(fields: [[UInt8]]) {
        var material: [UInt8] = []
        for field in fields {
            withUnsafeBytes(of: UInt64(field.count).bigEndian) { material += $0 }
            material += field
        }
        bytes = Sodium.sha256(material)
    }
}
