internal import CGnuTLS
internal import RingdownCore

/// A signed client assertion that replaces the client secret (RFC 7523): a JSON Web Token with RS256 for an RSA key, or ES256 for a
/// P-256 key.
struct ClientAssertion {
    let clientID: String
    /// The private key, in PEM format and not encrypted.
    let key: Secret
    let keyID: String?
    /// The validity of an assertion in seconds: long enough for small clock differences, too short to be worth stealing.
    private static let lifetime = 120.0

    /// Creates a signed assertion for a token endpoint.
    ///
    /// - Throws: ``TokenError`` if the key cannot be read, is not supported, or cannot sign.
    func text(for endpoint: HTTPURL, at now: Timestamp) throws(TokenError) -> Secret {
        if let failure = gnutls_open() {
            throw problem("cannot load GnuTLS: \(String(cString: failure)); install libgnutls30", endpoint)
        }
        let algorithm = try algorithm(endpoint)
        let header: [JSON.Member] =
            [.init("alg", .string(algorithm)), .init("typ", "JWT")] + (keyID.map { [.init("kid", .string($0))] } ?? [])
        let issued = Int(now.secondsSince1970)
        let claims: JSON = [
            "iss": .string(clientID), "sub": .string(clientID), "aud": .string("\(endpoint)"),
            "jti": .string(Base64.encode(Sodium.randomBytes(16), .url)), "iat": .int(issued),
            "exp": .int(issued + Int(Self.lifetime)),
        ]
        let text = [JSON.object(header).bytes(), claims.bytes()].map { Base64.encode($0, .url) }.joined(separator: ".")
        return Secret(text + "." + Base64.encode(try signature(of: Array(text.utf8), endpoint), .url))
    }

    private func algorithm(_ endpoint: HTTPURL) throws(TokenError) -> String {
        var kind = rd_key_other
        let result = withKey { rd_sign($0, $1, nil, 0, &kind, nil, nil) }
        if result < 0 {
            throw problem("cannot read the private key: \(String(cString: rd_gnutls_message(result)))", endpoint)
        }
        switch kind {
        case rd_key_rsa: return "RS256"
        case rd_key_ec: return "ES256"
        default: throw problem("unsupported private key: it is neither RSA nor P-256", endpoint)
        }
    }

    private func signature(of bytes: [UInt8], _ endpoint: HTTPURL) throws(TokenError) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 2048)
        var size = signature.count
        var kind = rd_key_other
        let result = withKey { rd_sign($0, $1, bytes, bytes.count, &kind, &signature, &size) }
        if result < 0 {
            throw problem("cannot sign the client assertion: \(String(cString: rd_gnutls_message(result)))", endpoint)
        }
        return Array(signature.prefix(size))
    }

    private func withKey(_ body: (UnsafePointer<CChar>, Int) -> Int32) -> Int32 {
        key.withBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { body($0, text.count) } ?? -1
            }
        }
    }

    private func problem(_ message: String, _ endpoint: HTTPURL) -> TokenError {
        TokenError(.requestRefused, message, endpoint: endpoint)
    }
}
