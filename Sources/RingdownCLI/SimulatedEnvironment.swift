internal import RingdownCore
package import RingdownSimulator

/// The environment variables with which programs use a simulator.
package struct SimulatedEnvironment {
    private var settings: [(name: String, value: String)]
    private var javaOptions: String?
    private var preload: String?
    private let isIntercepting: Bool

    /// Variables with loopback URLs and credentials.
    package init(_ live: LiveSimulator) {
        settings = live.environment
        isIntercepting = false
    }

    /// Variables for the platforms' own host names through a proxy, with credentials. Writes the certificate of the proxy's
    /// authority to `directory`.
    init(_ live: LiveSimulator, through proxy: SimulatorProxy, certificatesIn directory: String) throws {
        let (certificate, trustStore) = ("\(directory)/authority.pem", "\(directory)/authority.jks")
        try File.create(certificate, with: proxy.certificatePEM)
        try File.create(trustStore, with: proxy.javaTrustStore)
        isIntercepting = true
        let hosts: Set = ["GENESYS_LOGIN_URL", "GENESYS_API_URL", "CXONE_ISSUER", "CXONE_API_URL"]
        settings = live.environment.filter { !hosts.contains($0.name) }
        for name in Self.proxyNames { settings += [(name, proxy.url), (name.lowercased(), proxy.url)] }
        for name in Self.certificateNames { settings.append((name, certificate)) }
        // Node.js reads the variables above only if this is set (since 22.21 and 24).
        settings.append(("NODE_USE_ENV_PROXY", "1"))
        javaOptions = [
            "https.proxyHost=127.0.0.1", "https.proxyPort=\(proxy.port)", "http.proxyHost=127.0.0.1",
            "http.proxyPort=\(proxy.port)", "http.nonProxyHosts=localhost|127.*",
            "javax.net.ssl.trustStore=\(trustStore)", "javax.net.ssl.trustStorePassword=changeit",
        ].map { "-D" + $0 }.joined(separator: " ")
    }

    /// Removes the variables of the other platforms, and names the platform.
    package mutating func select(_ platform: String) {
        let own = platform.uppercased() + "_"
        settings.removeAll { setting in
            Self.platforms.contains { setting.name.hasPrefix($0) } && !setting.name.hasPrefix(own)
        }
        settings.append(("RINGDOWN_PLATFORM", platform))
    }

    /// Adds the variables with which programs use the virtual clock.
    mutating func share(timeFile: String, library: String) {
        settings.append(("RINGDOWN_TIME_FILE", timeFile))
        preload = library
    }

    private static let proxyNames = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"]
    /// For OpenSSL, Go, .NET and Ruby; curl; Python's requests; Node.js; Ringdown.
    private static let certificateNames = [
        "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "RINGDOWN_CA_FILE",
    ]
    private static let localHosts = "127.0.0.1,localhost"
    private static let platforms = ["GENESYS_", "GENESYSCLOUD_", "CXONE_"]

    /// All variables, for other terminals and containers.
    var all: [(name: String, value: String)] {
        var all = settings
        if isIntercepting { all += [("NO_PROXY", Self.localHosts), ("no_proxy", Self.localHosts)] }
        if let preload { all.append(("LD_PRELOAD", preload)) }
        if let javaOptions { all.append(("JAVA_TOOL_OPTIONS", javaOptions)) }
        return all
    }

    /// All variables as a .env file.
    package var dotenv: String {
        all.map { $0.value.contains(" ") ? "\($0.name)='\($0.value)'\n" : "\($0.name)=\($0.value)\n" }.joined()
    }

    /// The environment of a command: the caller's variables, without those that select other servers, and the simulator's.
    package func variables(over present: [String: String], cache: String) -> [String: String] {
        var variables = present
        for name in present.keys where Self.platforms.contains(where: { name.hasPrefix($0) }) { variables[name] = nil }
        // A broker has the caller's own account, and the simulator has no other platform.
        variables["RINGDOWN_SOCKET"] = nil
        if !["genesys", "cxone"].contains(variables["RINGDOWN_PLATFORM"]) { variables["RINGDOWN_PLATFORM"] = nil }
        if isIntercepting { variables["SSL_CERT_DIR"] = nil }
        for (name, value) in settings { variables[name] = value }
        if let preload { variables["LD_PRELOAD"] = (variables["LD_PRELOAD"].map { $0 + ":" } ?? "") + preload }
        if let javaOptions {
            let former = variables["JAVA_TOOL_OPTIONS"].map { $0 + " " } ?? ""
            variables["JAVA_TOOL_OPTIONS"] = former + javaOptions
        }
        for name in ["NO_PROXY", "no_proxy"] {
            // The caller's exceptions would bypass the intercepting proxy.
            let former = isIntercepting ? "" : variables[name].map { $0.isEmpty ? "" : $0 + "," } ?? ""
            variables[name] = former + Self.localHosts
        }
        // The simulator exists only while the command runs.
        variables["RINGDOWN_SIM_SCOPE"] = "command"
        // Simulated tokens are useless later, so they are not stored in the user's cache.
        if variables["RINGDOWN_CACHE"] == nil, variables["RINGDOWN_CACHE_DIR"] == nil {
            variables["RINGDOWN_CACHE_DIR"] = cache + "/cache"
        }
        return variables
    }
}
