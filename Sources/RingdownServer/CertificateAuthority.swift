internal import CGnuTLS
package import RingdownCore

/// A temporary certificate authority for simulators. Its key exists only in memory, so its certificate is useless afterwards.
package final class CertificateAuthority: @unchecked Sendable {  // because GnuTLS only reads the identity
    /// The reason why a certificate cannot be created.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// The certificate and key of a server in PEM format.
    package struct Identity: Sendable {
        let certificate: [UInt8]
        let key: Secret
    }

    private let identity: OpaquePointer

    /// Creates a key and a certificate that is valid for ten years around `now`, so that tests can move the clock.
    package init(name: String, now: Timestamp = .now()) throws(Failure) {
        if let problem = gnutls_open() {
            throw Failure(description: "cannot load GnuTLS: \(String(cString: problem)); install libgnutls30")
        }
        identity = try makeIdentity(name, hosts: [], now + .seconds(-year * 5), now + .seconds(year * 5), issuer: nil)
    }

    deinit {
        rd_identity_free(identity)
    }

    /// Returns the certificate of the authority in PEM format, which clients must trust.
    package func certificatePEM() throws(Failure) -> [UInt8] {
        try export(identity, rd_export_certificate_pem)
    }

    /// Returns the certificate as a Java key store, which Java requires. It contains no secrets. Its password is `changeit`.
    package func javaTrustStore(now: Timestamp = .now()) throws(Failure) -> [UInt8] {
        let certificate = try export(identity, rd_export_certificate_der)
        return try JavaTrustStore.bytes(certificate: certificate, alias: "ringdown", now: now)
    }

    /// Creates a server certificate with its own key. Host names can contain `*.` for one label.
    package func identity(for hosts: [String], from: Timestamp, until: Timestamp) throws(Failure) -> Identity {
        let server = try makeIdentity(hosts.first ?? "localhost", hosts: hosts, from, until, issuer: identity)
        defer { rd_identity_free(server) }
        let certificate = try export(server, rd_export_certificate_pem)
        return Identity(certificate: certificate, key: Secret(bytes: try export(server, rd_export_key_pem)))
    }
}

private let year = 365 * 86400

private func makeIdentity(
    _ name: String, hosts: [String], _ from: Timestamp, _ until: Timestamp, issuer: OpaquePointer?
) throws(CertificateAuthority.Failure) -> OpaquePointer {
    var failure: Int32 = 0
    let identity = name.withCString { name in
        hosts.joined(separator: " ").withCString { hosts in
            var request = rd_certificate_request(
                name: name, hosts: hosts, from: Int64(from.secondsSince1970), until: Int64(until.secondsSince1970))
            return rd_identity_create(&request, issuer, &failure)
        }
    }
    guard let identity else {
        throw .init(description: "GnuTLS cannot create the certificate: \(String(cString: rd_gnutls_message(failure)))")
    }
    return identity
}

private func export(_ identity: OpaquePointer, _ what: rd_export) throws(CertificateAuthority.Failure) -> [UInt8] {
    var size = 65536
    var bytes = [UInt8](repeating: 0, count: size)
    let failure = rd_identity_export(identity, what, &bytes, &size)
    guard failure >= 0 else {
        throw .init(description: "GnuTLS cannot export the certificate: \(String(cString: rd_gnutls_message(failure)))")
    }
    return Array(bytes.prefix(size))
}

/// A key store in the Java format `JKS` with one trusted certificate.
private enum JavaTrustStore {
    static func bytes(
        certificate: [UInt8], alias: String, now: Timestamp
    ) throws(CertificateAuthority.Failure) -> [UInt8] {
        func number(_ value: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
        }
        func text(_ value: String) -> [UInt8] { number(UInt64(value.utf8.count), 2) + Array(value.utf8) }
        let milliseconds = UInt64(max(0, now.secondsSince1970) * 1000)
        let store =
            number(0xFEED_FEED, 4) + number(2, 4) + number(1, 4) + number(2, 4) + text(alias) + number(milliseconds, 8)
            + text("X.509") + number(UInt64(certificate.count), 4) + certificate
        // The format requires a digest of the password, this phrase and the store.
        let password = "changeit".utf16.flatMap { number(UInt64($0), 2) }
        let sealed = password + Array("Mighty Aphrodite".utf8) + store
        var digest = [UInt8](repeating: 0, count: 20)
        guard rd_sha1(sealed, sealed.count, &digest) >= 0 else { throw .init(description: "GnuTLS lacks SHA-1") }
        return store + digest
    }
}
