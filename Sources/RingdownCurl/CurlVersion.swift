internal import CCurl

/// The features that are safe in the loaded version of libcurl.
///
/// Distributions backport fixes without changing the version. The upstream version decides nevertheless, which is the safe choice.
/// SECURITY.md lists the vulnerability behind each rule.
struct CurlVersion: Sendable {
    /// The version number as in `curl_version_info`: 0xXXYYZZ.
    let number: UInt32

    /// The version of the loaded library. Valid after `curl_open` has succeeded.
    static var opened: CurlVersion { CurlVersion(number: rd_version_number()) }

    /// The reason why the version is refused; nil if it is accepted.
    var problem: String? {
        // `CURLOPT_PROTOCOLS_STR`.
        if number < 0x075500 { return "libcurl \(self) is too old; version 7.85 or later is required" }
        // CVE-2025-0665.
        if number == 0x080B01 { return "libcurl 8.11.1 closes file descriptors of other connections; update libcurl" }
        return nil
    }

    /// Whether handles can be reused for several transfers. Before 8.1.0, a reused handle appends a folded first header line to
    /// freed memory (curl pull request 11103). From 8.8.0 to 8.20.0, it keeps the credentials of a proxy (CVE-2026-9079).
    func canReuseHandles(withProxyCredentials: Bool) -> Bool { number >= 0x080100 && !withProxyCredentials }

    /// Whether a cancelled transfer can leave its name resolution behind (`CURLOPT_QUICK_EXIT`). Otherwise the thread of libcurl
    /// waits for the resolver, and so do all other transfers.
    var canAbandonNameResolution: Bool { number >= 0x075700 }

    /// Whether HTTP/2 is used for requests without a body. Crashes in the HTTP/2 code before 8.3.0 were reported but not explained
    /// (curl issues 10936 and 13390, pull request 11739). Uploads are affected up to 8.22 (CVE-2026-92392).
    var canSpeakHTTP2: Bool { number >= 0x080300 }
}

extension CurlVersion: CustomStringConvertible {
    var description: String { "\(number >> 16).\(number >> 8 & 0xFF).\(number & 0xFF)" }
}
