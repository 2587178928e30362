internal import CCurl
internal import RingdownCore

/// One request on its way. Everything but the request belongs to the loop's thread.
final class Transfer: @unchecked Sendable {  // because after it is posted the loop's thread alone uses it
    private let request: Request
    private let proxy: ProxySettings.Proxy?
    private let trust: TrustSettings
    /// Resumed once, by whoever takes it.
    var continuation: UnsafeContinuation<Result<Response, TransportError>, Never>?

    private(set) var easy: UnsafeMutableRawPointer?
    var isCancelled = false
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var headers = Headers()
    private var body: [UInt8] = []
    private var headerBytes = 0
    private var isTooLarge = false
    /// Whether ``connection`` is wanted.
    private let isInspecting: Bool
    /// How the response came about, once it is there.
    private(set) var connection: ConnectionReport?

    init(_ request: Request, proxy: ProxySettings.Proxy?, trust: TrustSettings, isInspecting: Bool = false) {
        self.isInspecting = isInspecting
        self.request = request
        self.proxy = proxy
        self.trust = trust
    }

    func resume(_ result: Result<Response, TransportError>) {
        continuation.take()?.resume(returning: result)
    }

    // MARK: Before

    /// Sets what is the same for all transfers of a handle. Throws if the library refuses an option: none may be missing.
    static func configure(
        _ easy: UnsafeMutableRawPointer, _ configuration: CurlTransport.Configuration
    ) throws(TransportError) {
        let options = Options(easy)
        options.set(CURLOPT_NOSIGNAL, 1)
        options.set(CURLOPT_FOLLOWLOCATION, 0)
        options.set(CURLOPT_PROTOCOLS_STR, "http,https")
        options.set(CURLOPT_ACCEPT_ENCODING, "")
        options.set(CURLOPT_PATH_AS_IS, 1)
        options.set(CURLOPT_USERAGENT, configuration.userAgent)
        // libcurl would read the environment by itself, without ports in NO_PROXY: it is told either way.
        options.set(CURLOPT_NOPROXY, "")
        options.set(CURLOPT_PROXYAUTH, 1)  // CURLAUTH_BASIC: a macro that Swift cannot import
        options.set(CURLOPT_SSL_VERIFYPEER, configuration.trust.isVerifying ? 1 : 0)
        options.set(CURLOPT_SSL_VERIFYHOST, configuration.trust.isVerifying ? 2 : 0)
        if configuration.trust.file != nil || configuration.trust.directory != nil {
            // Both, since the one that is not named would keep the system's authorities.
            for option in [CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO] { options.set(option, configuration.trust.file) }
            for option in [CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH] { options.set(option, configuration.trust.directory) }
        }
        if let identity = configuration.clientCertificate {
            options.set(CURLOPT_SSLCERT, identity.certificate)
            options.set(CURLOPT_SSLKEY, identity.key ?? identity.certificate)
        }
        options.set(CURLOPT_WRITEFUNCTION) { data, size, count, context in
            Transfer.from(context).receive(data, size * count)
        }
        options.set(CURLOPT_HEADERFUNCTION) { data, size, count, context in
            Transfer.from(context).receiveHeader(UnsafeRawBufferPointer(start: data, count: size * count))
        }
        if let failure = options.error { throw failure }
    }

    /// Sets everything about this request; returns what went wrong, or nil.
    func prepare(_ easy: UnsafeMutableRawPointer, _ version: CurlVersion) -> TransportError? {
        self.easy = easy
        let options = Options(easy)
        options.set(CURLOPT_URL, request.url.description)
        options.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.limits.connect))
        options.set(CURLOPT_TIMEOUT_MS, milliseconds(request.limits.total))
        let isHTTP2 =
            version.canSpeakHTTP2 && !request.prefersHTTP1 && request.isIdempotent && request.body.count == 0
        options.set(CURLOPT_HTTP_VERSION, isHTTP2 ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1))
        options.set(CURLOPT_UNIX_SOCKET_PATH, request.socketPath)
        setMethodAndBody(options)
        setHeaders(options)
        options.set(CURLOPT_AWS_SIGV4, request.awsSignature?.scope)
        options.set(CURLOPT_USERNAME, request.awsSignature?.id)
        options.set(CURLOPT_PASSWORD, request.awsSignature?.key.reveal())
        if let proxy, request.socketPath == nil, !request.isDirect {
            options.set(CURLOPT_PROXY, proxy.url)
            options.set(CURLOPT_PROXYUSERNAME, proxy.credentials?.user)
            options.set(CURLOPT_PROXYPASSWORD, proxy.credentials?.password.reveal())
        } else {
            options.set(CURLOPT_PROXY, "")
        }
        // A reused connection has no report of how it was made.
        options.set(CURLOPT_CERTINFO, isInspecting ? 1 : 0)
        // libcurl sends a request again by itself where a reused connection closes without a response, or where an HTTP/2 server
        // refuses the stream (Curl_retry_request). It does neither over a new HTTP/1.1 connection.
        options.set(CURLOPT_FRESH_CONNECT, isInspecting || !request.isIdempotent ? 1 : 0)
        options.set(CURLOPT_FORBID_REUSE, request.isIdempotent ? 0 : 1)
        // Borrowed: the loop holds the transfer until it is done.
        let context = Unmanaged.passUnretained(self).toOpaque()
        options.set(CURLOPT_WRITEDATA, context)
        options.set(CURLOPT_HEADERDATA, context)
        return options.error
    }

    private func milliseconds(_ duration: Duration) -> Int {
        max(1, Int((duration.inSeconds * 1000).rounded(.up)))
    }

    private func setMethodAndBody(_ options: Options) {
        // The first option wipes what the transfer before left behind.
        options.set(CURLOPT_HTTPGET, 1)
        options.set(CURLOPT_CUSTOMREQUEST, request.method)
        if request.method == "HEAD" { options.set(CURLOPT_NOBODY, 1) }
        guard request.body.count > 0 || ["POST", "PUT", "PATCH"].contains(request.method) else { return }
        options.set(CURLOPT_POST, 1)
        options.setSize(CURLOPT_POSTFIELDSIZE_LARGE, request.body.count)
        switch request.body {
        case .none: options.set(CURLOPT_COPYPOSTFIELDS, "")
        case .bytes(let bytes): bytes.withUnsafeBytes { options.set(CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
        case .secret(let secret):
            // Borrowed, not copied: the request keeps the secret's memory where it is until the transfer is done.
            secret.withBytes { options.set(CURLOPT_POSTFIELDS, $0.baseAddress) }
        }
    }

    private func setHeaders(_ options: Options) {
        if request.body.count > 0 || request.method != "GET" {
            // No `Expect: 100-continue`: it costs a round trip, and some gateways answer it with 417.
            // libcurl would sign the field that is taken out.
            if request.awsSignature == nil { append("Expect:") }
            // libcurl would call any body a form.
            if !request.headers.has("Content-Type") { append("Content-Type:") }
        }
        for field in request.headers.fields {
            switch field.value {
            case .text(let text): append(text.isEmpty ? "\(field.name);" : "\(field.name): \(text)")
            case .secret(let secret):
                var line = [UInt8]()
                line.reserveCapacity(field.name.utf8.count + secret.count + 3)
                line += field.name.utf8
                line += ": ".utf8
                secret.withBytes { line += $0 }
                line.append(0)
                line.withUnsafeBufferPointer { bytes in
                    bytes.withMemoryRebound(to: CChar.self) { append(start: $0.baseAddress) }
                }
                wipe(&line)
            }
        }
        options.set(CURLOPT_HTTPHEADER, UnsafeRawPointer(headerList))
    }

    private func append(_ line: String) {
        line.withCString { append(start: $0) }
    }

    private func append(start: UnsafePointer<CChar>?) {
        guard let start, let longer = rd_slist_append(headerList, start) else { return }
        headerList = longer
    }

    // MARK: While it runs

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        // libcurl hands back what it was given in `prepare`.
        Unmanaged<Transfer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }

    private func receive(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        guard body.count + count <= request.limits.responseInBytes else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: UnsafeRawBufferPointer(start: data, count: count))
        return count
    }

    /// The size of all header lines of one transfer: of interim responses, a proxy's answer and trailers too.
    private static let headerLimitInBytes = 256 << 10

    /// Returns how much of the line was taken: less than all of it ends the transfer.
    private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        headerBytes += line.count
        guard headerBytes <= Self.headerLimitInBytes else { return 0 }
        keepHeader(line)
        return line.count
    }

    private func keepHeader(_ line: UnsafeRawBufferPointer) {
        // A status line begins a new block: the one before belonged to a proxy or to an interim response.
        if line.count > 5, line[4] == UInt8(ascii: "/"), line.starts(with: "HTTP".utf8) {
            headers = Headers()
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        headers.addParsed(text(line[..<colon]), text(line[(colon + 1)...]))
    }

    /// Without white space and line breaks at either end.
    private func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        var bytes = bytes
        while let byte = bytes.first, byte <= 0x20 { bytes.removeFirst() }
        while let byte = bytes.last, byte <= 0x20 { bytes.removeLast() }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes), as: UTF8.self)
    }

    // MARK: After

    var cancelled: TransportError { error(.cancelled, "cancelled") }

    func outcome(_ code: CURLcode) -> Result<Response, TransportError> {
        guard code == CURLE_OK else { return .failure(failure(code)) }
        var response = Response(status: info(CURLINFO_RESPONSE_CODE), headers: headers, body: body)
        if isInspecting, let easy { connection = ConnectionReport(easy) }
        response.httpVersion = info(CURLINFO_HTTP_VERSION) >= Int(CURL_HTTP_VERSION_2_0) ? "2" : "1.1"
        if isProxyRefusal(response.status) { return .failure(proxyAuthentication(response.status)) }
        return .success(response)
    }

    /// Over plain HTTP a proxy's refusal looks like an answer; only proxies send these.
    private func isProxyRefusal(_ status: Int) -> Bool {
        status == 407 || (proxy != nil && headers.has("Proxy-Authenticate"))
    }

    func release() {
        if let easy {
            // A handle that is kept must not point to what is freed.
            let options = Options(easy)
            for option in [CURLOPT_HTTPHEADER, CURLOPT_POSTFIELDS, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA] {
                options.set(option, UnsafeRawPointer?.none)
            }
        }
        rd_slist_free_all(headerList)
        headerList = nil
        easy = nil
        body = []
    }

    func error(_ code: TransportError.Code, _ message: String) -> TransportError {
        TransportError(code, place: request.url.origin.description, message: message)
    }

    private func failure(_ code: CURLcode) -> TransportError {
        let text = String(cString: rd_easy_strerror(code))
        let connectStatus = info(CURLINFO_HTTP_CONNECTCODE)
        if connectStatus == 407 || connectStatus == 401 { return proxyAuthentication(connectStatus) }
        if connectStatus >= 300 {
            return proxyError(.proxy, "the proxy refused the connection with status \(connectStatus)")
        }
        // A proxy may refuse and close before it has read the whole request.
        if isProxyRefusal(info(CURLINFO_RESPONSE_CODE)) { return proxyAuthentication(info(CURLINFO_RESPONSE_CODE)) }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return error(.nameResolution, "the host name cannot be resolved")
        case CURLE_COULDNT_RESOLVE_PROXY: return proxyError(.proxy, "the proxy's host name cannot be resolved")
        case CURLE_COULDNT_CONNECT where proxy != nil: return proxyError(.proxy, "the proxy cannot be reached")
        case CURLE_COULDNT_CONNECT: return error(.connection, "the connection was refused or cannot be made")
        case CURLE_OPERATION_TIMEDOUT:
            let limit = request.limits
            return error(.timeout, "no answer in time (connect \(limit.connect.spoken), total \(limit.total.spoken))")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
            return error(.certificate, "its certificate is not trusted: \(verifyReason ?? text)")
        case CURLE_SSL_CACERT_BADFILE: return error(.certificate, "the CA file cannot be read: \(trust)")
        case CURLE_SSL_CERTPROBLEM: return error(.certificate, "the client certificate or its key cannot be used")
        case CURLE_SSL_CONNECT_ERROR: return error(.tls, "the TLS handshake failed")
        case CURLE_WRITE_ERROR where isTooLarge:
            return error(.responseTooLarge, "the response is larger than \(request.limits.responseInBytes) bytes")
        case CURLE_WRITE_ERROR where headerBytes > Self.headerLimitInBytes:
            return error(
                .responseTooLarge, "the response has more than \(Self.headerLimitInBytes >> 10) KiB of headers")
        case CURLE_GOT_NOTHING: return error(.brokenResponse, "the server closed the connection without an answer")
        case CURLE_BAD_FUNCTION_ARGUMENT, CURLE_WEIRD_SERVER_REPLY:
            return error(.brokenResponse, "the response has a malformed header line")
        case CURLE_UNSUPPORTED_PROTOCOL: return error(.brokenResponse, "the response is not HTTP")
        case CURLE_PARTIAL_FILE: return error(.brokenResponse, "the response ended before its end")
        default: return error(.brokenResponse, "the exchange failed: \(text)")
        }
    }

    private func proxyAuthentication(_ status: Int) -> TransportError {
        let reason =
            proxy?.credentials == nil ? "it wants a user name and password" : "it refused the user name or password"
        return proxyError(.proxyAuthentication, "proxy authentication failed (status \(status)): \(reason)")
    }

    private func proxyError(_ code: TransportError.Code, _ message: String) -> TransportError {
        TransportError(code, place: "proxy \(proxy?.url ?? "")", message: message)
    }

    /// Why OpenSSL did not trust the certificate, in its own number (`man openssl-verify`).
    private var verifyReason: String? {
        switch info(CURLINFO_SSL_VERIFYRESULT) {
        case 0: nil
        case 10: "it has expired"
        case 9: "it is not yet valid; is this machine's clock right?"
        case 18, 19: "it is self-signed, or its authority is not in the CA file"
        case 20, 21: "its authority is not in the CA file"
        case let code: "verification code \(code)"
        }
    }

    private func info(_ key: CURLINFO) -> Int {
        guard let easy else { return 0 }
        var value = 0
        _ = rd_getinfo_long(easy, key, &value)
        return value
    }
}

/// Sets options on a handle and remembers the first that failed.
private final class Options {
    private let easy: UnsafeMutableRawPointer
    private var failure = CURLE_OK

    /// What to report if an option was refused.
    var error: TransportError? {
        guard failure != CURLE_OK else { return nil }
        let reason = String(cString: rd_easy_strerror(failure))
        return TransportError(.setup, place: "libcurl", message: "libcurl refused an option: \(reason)")
    }

    init(_ easy: UnsafeMutableRawPointer) {
        self.easy = easy
    }

    func set(_ option: CURLoption, _ value: Int) { note(rd_setopt_long(easy, option, value)) }
    func setSize(_ option: CURLoption, _ value: Int) { note(rd_setopt_off(easy, option, curl_off_t(value))) }
    func set(_ option: CURLoption, _ value: String?) { note(rd_setopt_text(easy, option, value)) }
    func set(_ option: CURLoption, _ value: UnsafeRawPointer?) { note(rd_setopt_pointer(easy, option, value)) }
    func set(_ option: CURLoption, _ value: @escaping rd_data_callback) {
        note(rd_setopt_callback(easy, option, value))
    }

    private func note(_ code: CURLcode) {
        if failure == CURLE_OK { failure = code }
    }
}
