internal import RingdownCore
internal import RingdownCurl

/// Checks the connection to each host: name resolution, TCP, certificates, proxy, clock. Sends no secret.
struct NetworkExamination {
    let transport: CurlTransport
    /// A transport without certificate verification, to read a certificate that is not trusted.
    let unverified: CurlTransport
    /// The file of certificates that is in force; nil for the authorities of the system.
    var authorityFile: String?
    var clock = ClockComparison()

    /// Checks a host.
    ///
    /// - Returns: Whether the host answered.
    mutating func examine(_ origin: HTTPURL.Origin, _ diagnosis: inout Diagnosis) async -> Bool {
        let proxy = transport.proxy(for: origin)
        guard let url = try? HTTPURL(origin.description + "/") else { return false }
        let request = Request("GET", url, limits: .init(connect: .seconds(5), total: .seconds(10)))
        let asked = Timestamp.now()
        do throws(TransportError) {
            let (response, report) = try await transport.inspect(request)
            note(asked, response)
            describe(report, origin, proxy, &diagnosis)
            return true
        } catch {
            await explain(error, origin, proxy, request, &diagnosis)
            return false
        }
    }

    mutating func note(_ asked: Timestamp, _ response: Response) {
        guard let date = response.headers["Date"].flatMap({ Timestamp(httpDate: $0) }) else { return }
        clock.add(asked: asked, answered: .now(), date: date)
    }

    private func describe(
        _ report: ConnectionReport, _ origin: HTTPURL.Origin, _ proxy: String?, _ diagnosis: inout Diagnosis
    ) {
        if let proxy {
            diagnosis.ok("proxy", "\(origin.authority) through \(proxy)")
        } else {
            diagnosis.ok("dns", "\(origin.host): \(report.address ?? "resolved") (\(milliseconds(report.resolved)))")
            diagnosis.ok("tcp", "\(origin.authority) connected (\(milliseconds(report.connected - report.resolved)))")
        }
        guard origin.scheme == "https" else { return }
        guard let own = report.certificates.first else {
            return diagnosis.ok("tls", "\(origin.authority) (\(milliseconds(report.secured - report.connected)))")
        }
        let root = report.certificates.last?.issuer ?? own.issuer
        let text = "\(origin.authority), certificate issued by \(Self.commonName(root)), valid until \(own.end)"
        guard let days = Self.daysLeft(own.end), days < 14 else { return diagnosis.ok("tls", text) }
        diagnosis.warn("tls", text + " (expires in \(Int(days)) days)")
    }

    private mutating func explain(
        _ error: TransportError, _ origin: HTTPURL.Origin, _ proxy: String?, _ request: Request,
        _ diagnosis: inout Diagnosis
    ) async {
        func fail(_ check: String, _ name: String, _ text: String, _ next: String) {
            diagnosis.fail(
                check, "\(error)", Cause(name: name, text: text, next: next, exitCode: ExitCode.unreachable))
        }
        switch error.code {
        case .nameResolution:
            fail(
                "dns", "name-resolution", "cannot resolve the host name \(origin.host)",
                "check its spelling, then DNS: getent hosts \(origin.host)")
        case .proxy:
            fail("proxy", "proxy", "cannot connect through the proxy \(proxy ?? "")", "check HTTPS_PROXY and NO_PROXY")
        case .proxyAuthentication:
            fail(
                "proxy", "proxy-authentication",
                "the proxy requires a user name and password, or rejects those in HTTPS_PROXY",
                "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, both percent-encoded")
        case .certificate: await explainCertificate(error, origin, request, &diagnosis)
        case .tls:
            fail(
                "tls", "tls",
                "the TLS handshake with \(origin.authority) failed: wrong port, or a client certificate is required",
                "check the port, then RINGDOWN_CLIENT_CERT")
        case .timeout, .connection:
            fail(
                "tcp", "unreachable",
                "cannot connect to \(origin.authority): a firewall blocks it, or the network requires a proxy",
                proxy == nil ? "if your network has a proxy, set HTTPS_PROXY" : "check the proxy \(proxy ?? "")")
        default: fail("http", "broken-connection", "the connection to \(origin.authority) was lost", "try again")
        }
    }

    /// Examines the certificate that was not trusted, and the `Date` field of its server.
    private mutating func explainCertificate(
        _ error: TransportError, _ origin: HTTPURL.Origin, _ request: Request, _ diagnosis: inout Diagnosis
    ) async {
        let asked = Timestamp.now()
        let seen = try? await unverified.inspect(request)
        var skew = ClockComparison()
        if let date = seen?.0.headers["Date"].flatMap({ Timestamp(httpDate: $0) }) {
            skew.add(asked: asked, answered: .now(), date: date)
        }
        if skew.isSkewed {
            clock = skew
            return diagnosis.fail(
                "tls", "\(error)",
                Cause(
                    name: "clock",
                    text: "this machine's clock is wrong, so certificates appear invalid: it is \(skew.text)",
                    next: "set the clock: timedatectl set-ntp true", exitCode: ExitCode.unreachable))
        }
        let chain = seen?.1.certificates ?? []
        let root = chain.last.map { Self.commonName($0.issuer) } ?? "an unknown authority"
        let isExpired = chain.first.flatMap { Self.daysLeft($0.end) }.map { $0 < 0 } ?? false
        if isExpired {
            return diagnosis.fail(
                "tls", "\(error)",
                Cause(
                    name: "expired-certificate",
                    text: "the certificate of \(origin.authority) expired on \(chain[0].end)",
                    next: "ask the operator of \(origin.authority) to renew it", exitCode: ExitCode.unreachable))
        }
        diagnosis.fail(
            "tls", "\(error)",
            Cause(
                name: "untrusted-authority",
                text:
                    "the certificate of \(origin.authority) was issued by '\(root)', which this machine does not trust; "
                    + "most likely it is the certificate authority of your network",
                next: authorityFile.map { "add the certificate of that authority to \($0)" }
                    ?? "export RINGDOWN_CA_FILE=/path/to/that-authority.pem", exitCode: ExitCode.unreachable))
    }

    private func milliseconds(_ duration: Duration) -> String { "\(Int((duration.inSeconds * 1000).rounded(.up))) ms" }

    /// The common name, else the organisation, of a distinguished name: `C = US, O = Example, CN = Example CA` is `Example CA`.
    static func commonName(_ text: String) -> String {
        var (parts, isQuoted) = ([""], false)
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if character == ",", !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        let pairs = parts.map { $0.split(separator: "=", maxSplits: 1).map { String($0).trimmed } }
        let name = ["CN", "O"].compactMap { key in pairs.first { $0.first == key && $0.count == 2 }?[1] }.first
        return sanitized((name ?? text).filter { $0 != "\"" }, limit: 80)
    }

    /// The days until a date in libcurl's format, `Nov 21 03:23:00 2027 GMT`; negative for a past date.
    static func daysLeft(_ text: String, now: Timestamp = .now()) -> Double? {
        let parts = text.split(separator: " ")
        guard parts.count == 5 else { return nil }
        let day = parts[1].count == 1 ? "0" + parts[1] : String(parts[1])
        return Timestamp(httpDate: "Sun, \(day) \(parts[0]) \(parts[3]) \(parts[2]) GMT").map {
            ($0 - now).inSeconds / 86400
        }
    }
}
