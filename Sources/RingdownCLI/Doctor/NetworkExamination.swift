internal import RingdownCore
internal import RingdownCurl

/// Looks at the way to each host: name, connection, certificates, proxy, clock. Nothing secret is sent.
struct NetworkExamination {
    let transport: CurlTransport
    /// The same without verification: to see whose certificate it is that is not trusted.
    let unverified: CurlTransport
    var clock = ClockComparison()

    /// Whether the host answers at all.
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
            diagnosis.ok("proxy", "\(origin.authority) is reached through \(proxy)")
        } else {
            diagnosis.ok("dns", "\(origin.host) is \(report.address ?? "resolved") (\(milliseconds(report.resolved)))")
            diagnosis.ok("tcp", "\(origin.authority) answers in \(milliseconds(report.connected - report.resolved))")
        }
        guard origin.scheme == "https" else { return }
        guard let own = report.certificates.first else {
            return diagnosis.ok("tls", "\(origin.authority) in \(milliseconds(report.secured - report.connected))")
        }
        let root = report.certificates.last?.issuer ?? own.issuer
        let text = "\(origin.authority), issued by \(Self.commonName(root)), until \(own.end)"
        guard let days = Self.daysLeft(own.end), days < 14 else { return diagnosis.ok("tls", text) }
        diagnosis.warn("tls", text + ": that is in \(Int(days)) days")
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
                "dns", "name-resolution", "this machine cannot resolve \(origin.host)",
                "check the name, then the name server: getent hosts \(origin.host)")
        case .proxy:
            fail("proxy", "proxy", "the proxy \(proxy ?? "") cannot be used", "check HTTPS_PROXY and NO_PROXY")
        case .proxyAuthentication:
            fail(
                "proxy", "proxy-authentication", "the proxy wants a user name and password, or refuses those it gets",
                "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, both percent-encoded")
        case .certificate: await explainCertificate(error, origin, request, &diagnosis)
        case .tls:
            fail(
                "tls", "tls", "\(origin.authority) does not speak TLS as it should, or wants a client certificate",
                "check the port, and RINGDOWN_CLIENT_CERT")
        case .timeout, .connection:
            fail(
                "tcp", "unreachable",
                "\(origin.authority) cannot be reached: a firewall, or a proxy that must be named",
                proxy == nil ? "set HTTPS_PROXY if your network has a proxy" : "check the proxy \(proxy ?? "")")
        default: fail("http", "broken-connection", "the exchange with \(origin.authority) broke off", "run it again")
        }
    }

    /// Looks at the certificate that was not trusted, and at the time that its server tells.
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
                    text: "this machine's clock is wrong, so that no certificate seems valid: it \(skew.text)",
                    next: "set the clock: timedatectl set-ntp true", exitCode: ExitCode.unreachable))
        }
        let chain = seen?.1.certificates ?? []
        let root = chain.last.map { Self.commonName($0.issuer) } ?? "an authority that is unknown here"
        let isExpired = chain.first.flatMap { Self.daysLeft($0.end) }.map { $0 < 0 } ?? false
        if isExpired {
            return diagnosis.fail(
                "tls", "\(error)",
                Cause(
                    name: "expired-certificate", text: "the certificate of \(origin.authority) ended \(chain[0].end)",
                    next: "whoever runs \(origin.authority) must renew it", exitCode: ExitCode.unreachable))
        }
        diagnosis.fail(
            "tls", "\(error)",
            Cause(
                name: "untrusted-authority",
                text:
                    "the certificate of \(origin.authority) was issued by '\(root)', which this machine does not trust: "
                    + "most likely your network's own authority",
                next: "export RINGDOWN_CA_FILE=/path/to/that-authority.pem", exitCode: ExitCode.unreachable))
    }

    private func milliseconds(_ duration: Duration) -> String { "\(Int((duration.inSeconds * 1000).rounded(.up))) ms" }

    /// The name in a distinguished name: `C = US, O = Example, CN = Example CA` is called `Example CA`.
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

    /// From `Nov 21 03:23:00 2027 GMT`, as libcurl has it.
    static func daysLeft(_ text: String, now: Timestamp = .now()) -> Double? {
        let parts = text.split(separator: " ")
        guard parts.count == 5 else { return nil }
        let day = parts[1].count == 1 ? "0" + parts[1] : String(parts[1])
        return Timestamp(httpDate: "Sun, \(day) \(parts[0]) \(parts[3]) \(parts[2]) GMT").map {
            ($0 - now).inSeconds / 86400
        }
    }
}
