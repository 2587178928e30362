internal import CCurl

/// What the libcurl that was opened can be trusted with. Debian and others backport fixes without changing the version, so the
/// upstream version decides, which is the safe side. SECURITY.md lists the faults behind each rule.
struct CurlVersion: Sendable {
    /// As `curl_version_info` has it: 0xXXYYZZ.
    let number: UInt32

    /// The version of the library that was opened; valid once `curl_open` has succeeded.
    static var opened: CurlVersion { CurlVersion(number: rd_version_number()) }

    /// Why the library cannot be used; nil if it can.
    var problem: String? {
        // `CURLOPT_PROTOCOLS_STR`.
        if number < 0x075500 { return "libcurl \(self) is too old; version 7.85 or later is needed" }
        // CVE-2025-0665.
        if number == 0x080B01 { return "libcurl 8.11.1 closes descriptors of other connections; update it" }
        return nil
    }

    /// Whether a handle can be used for one transfer after another. Before 8.1.0 a reused handle appends a folded first header
    /// line to freed memory (curl pull request 11103); from 8.8.0 to 8.20.0 it keeps a proxy's credentials (CVE-2026-9079).
    func canReuseHandles(withProxyCredentials: Bool) -> Bool { number >= 0x080100 && !withProxyCredentials }

    /// Whether HTTP/2 is offered for requests without a body. Crashes in the HTTP/2 code before 8.3.0 were reported and not
    /// explained (curl issues 10936 and 13390, pull request 11739), and uploads are affected up to 8.22 (CVE-2026-92392).
    var canSpeakHTTP2: Bool { number >= 0x080300 }
}

extension CurlVersion: CustomStringConvertible {
    var description: String { "\(number >> 16).\(number >> 8 & 0xFF).\(number & 0xFF)" }
}
