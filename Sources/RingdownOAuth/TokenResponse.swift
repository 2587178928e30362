internal import RingdownCore

/// A token response (RFC 6749 section 5), parsed leniently because servers deviate from the standard.
struct TokenResponse {
    /// The reason why a successful response is unusable. It never quotes a token.
    struct Unusable: Error {
        var reason: String
    }

    var accessToken: Secret
    var refreshToken: Secret?
    var scope: String?
    /// The granted lifetime; nil if the response contains none, or none that can be parsed.
    var lifetime: Duration?

    private static let tokenLimitInBytes = 128 << 10

    init(_ body: [UInt8]) throws(Unusable) {
        let start = body.withoutByteOrderMark.first { !" \t\r\n".utf8.contains($0) }
        guard let start else { throw Unusable(reason: "the body is empty") }
        guard start == UInt8(ascii: "{") else { throw Unusable(reason: "the body is not a JSON object") }
        let members: [(name: String, range: Range<Int>)]
        do { members = try JSONReader.members(of: body) } catch {
            throw Unusable(reason: "the body is not valid JSON: \(error)")
        }
        func value(_ name: String) -> JSON? {
            guard let range = members.last(where: { $0.name == name })?.range else { return nil }
            return try? JSONReader.parse(body, in: range)
        }
        guard let range = members.last(where: { $0.name == "access_token" })?.range else {
            throw Unusable(reason: "the body has no access_token")
        }
        guard let token = try? JSONReader.secret(of: body, in: range) else {
            throw Unusable(reason: "the access_token is not a string")
        }
        if token.isEmpty { throw Unusable(reason: "the access_token is empty") }
        if token.count > Self.tokenLimitInBytes {
            throw Unusable(reason: "the access_token is \(token.count) bytes long")
        }
        if !Token.isSendable(token) {
            throw Unusable(reason: "the access_token contains a character that is not allowed in a header")
        }
        if let type = value("token_type"), type != .null, type.string?.lowercased() != "bearer" {
            throw Unusable(reason: "the token_type is not bearer")
        }
        accessToken = token
        // A refresh token that is not a string is ignored, because the access token is still usable.
        refreshToken = members.last { $0.name == "refresh_token" }.flatMap {
            try? JSONReader.secret(of: body, in: $0.range)
        }
        scope = value("scope")?.string
        lifetime = Self.lifetime(value("expires_in"))
    }

    /// Parses integers, fractions, and strings that contain them. The caller clamps the value to the range of the settings.
    private static func lifetime(_ value: JSON?) -> Duration? {
        guard let text = value?.text?.trimmed, let seconds = Double(text), seconds.isFinite else { return nil }
        return .seconds(min(max(seconds, -1e9), 1e12))
    }
}
