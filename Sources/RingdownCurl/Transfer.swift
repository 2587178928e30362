internal import CCurl
internal import RingdownCore

/// One active request. All state other than the request belongs to the thread of the loop.
final class Transfer: @unchecked Sendable {  // because only the thread of the loop uses it after it is posted
    private let request: Request
    private let proxy: ProxySettings.Proxy?
    private let trust: TrustSettings
    /// Resumed exactly once, by the code that takes it.
    var continuation: UnsafeContinuation<Result<Response, TransportError>, Never>?

    /// The uptime at which the transfer ends, including the wait for a free connection.
    let deadline: Duration
    private(set) var easy: UnsafeMutableRawPointer?
    var isCancelled = false
    /// Whether the transfer waits for a free connection.
    var isWaiting = false
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var headers = Headers()
    private var body: [UInt8] = []
    private var headerBytes = 0
    /// The encoding of the body; nil before its first byte.
    private var encoding: Encoding?
    private var isMalformed = false
    private var isTooLarge = false
    /// Whether the receiver of the body ended the transfer.
    private var isRefused = false
    private var receivedBytes = 0
    /// Whether ``connection`` is recorded.
    private let isInspecting: Bool
    /// The details of the connection, set when the response is complete.
    private(set) var connection: ConnectionReport?

    init(_ request: Request, proxy: ProxySettings.Proxy?, trust: TrustSettings, isInspecting: Bool = false) {
        self.isInspecting = isInspecting
        deadline = SystemTime().now().uptime + request.limits.total
        self.request = request
        self.proxy = proxy
        self.trust = trust
    }

    func resume(_ result: Result<Response, TransportError>) {
        continuation.take()?.resume(returning: result)
    }

    // MARK: Before the transfer

    /// Sets the options that all transfers of a handle share. Throws if the library rejects an option, since none is optional.
    static func configure(
        _ easy: UnsafeMutableRawPointer, _ configuration: CurlTransport.Configuration, _ version: CurlVersion
    ) throws(TransportError) {
        let options = Options(easy)
        options.set(CURLOPT_NOSIGNAL, 1)
        if version.canAbandonNameResolution { options.set(CURLOPT_QUICK_EXIT, 1) }
        options.set(CURLOPT_FOLLOWLOCATION, 0)
        options.set(CURLOPT_PROTOCOLS_STR, "http,https")
        options.set(CURLOPT_PATH_AS_IS, 1)
        options.set(CURLOPT_USERAGENT, configuration.userAgent)
        // The proxy is always set. Otherwise libcurl reads the environment, without support for ports in NO_PROXY.
        options.set(CURLOPT_NOPROXY, "")
        options.set(CURLOPT_PROXYAUTH, 1)  // CURLAUTH_BASIC: a macro that Swift cannot import
        options.set(CURLOPT_SSL_VERIFYPEER, configuration.trust.isVerifying ? 1 : 0)
        options.set(CURLOPT_SSL_VERIFYHOST, configuration.trust.isVerifying ? 2 : 0)
        if configuration.trust.file != nil || configuration.trust.directory != nil {
            // Both options are set, since an unset one would still use the authorities of the system.
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

    /// Sets the options for this request. Returns the error, or nil on success.
    func prepare(_ easy: UnsafeMutableRawPointer, _ version: CurlVersion) -> TransportError? {
        self.easy = easy
        let options = Options(easy)
        options.set(CURLOPT_URL, request.url.description)
        options.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.limits.connect))
        options.set(CURLOPT_TIMEOUT_MS, milliseconds(deadline - SystemTime().now().uptime))
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
        // A reused connection has no connection details.
        options.set(CURLOPT_CERTINFO, isInspecting ? 1 : 0)
        // libcurl resends a request if a reused connection closes without a response, or if an HTTP/2 server refuses the stream
        // (Curl_retry_request). It does neither on a new HTTP/1.1 connection.
        options.set(CURLOPT_FRESH_CONNECT, isInspecting || !request.isIdempotent ? 1 : 0)
        options.set(CURLOPT_FORBID_REUSE, request.isIdempotent ? 0 : 1)
        // Borrowed: the loop retains the transfer until it is complete.
        let context = Unmanaged.passUnretained(self).toOpaque()
        options.set(CURLOPT_WRITEDATA, context)
        options.set(CURLOPT_HEADERDATA, context)
        return options.error
    }

    private func milliseconds(_ duration: Duration) -> Int {
        max(1, Int((duration.inSeconds * 1000).rounded(.up)))
    }

    private func setMethodAndBody(_ options: Options) {
        // The first option resets the state of the previous transfer.
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
            // Borrowed, not copied: the request retains the memory of the secret until the transfer is complete.
            secret.withBytes { options.set(CURLOPT_POSTFIELDS, $0.baseAddress) }
        }
    }

    private func setHeaders(_ options: Options) {
        if request.body.count > 0 || request.method != "GET" {
            // No `Expect: 100-continue`: it costs a round trip, and some gateways respond with 417.
            // libcurl would include the removed field in the signature.
            if request.awsSignature == nil { append("Expect:") }
            // libcurl would declare any body a form.
            if !request.headers.has("Content-Type") { append("Content-Type:") }
        }
        // The signature would contain the field.
        if request.awsSignature == nil, !request.headers.has("Accept-Encoding"), GzipDecoder.isAvailable {
            append("Accept-Encoding: gzip")
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

    // MARK: During the transfer

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        // The pointer was set in `prepare`.
        Unmanaged<Transfer>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }

    /// Returns the number of accepted bytes. Fewer than `count` abort the transfer.
    private func receive(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        let bytes = UnsafeRawBufferPointer(start: data, count: count)
        if encoding == nil { encoding = Encoding(headers["Content-Encoding"]) }
        switch encoding {
        case .gzip(let decoder):
            let outcome = decoder.decode(bytes) { deliver($0) }
            if outcome == .malformed { isMalformed = true }
            return outcome == .malformed || outcome == .stopped ? 0 : count
        case .unsupported: return 0
        case .identity, nil: return deliver(bytes) ? count : 0
        }
    }

    /// Passes decoded bytes of the body on. Returns false to abort the transfer.
    private func deliver(_ bytes: UnsafeRawBufferPointer) -> Bool {
        receivedBytes += bytes.count
        guard receivedBytes <= request.limits.responseInBytes else {
            isTooLarge = true
            return false
        }
        if let receive = request.bodyReceiver {
            let status = info(CURLINFO_RESPONSE_CODE)
            if status == 200 || status == 206 {
                isRefused = !receive(Response(status: status, headers: headers), Array(bytes))
                return !isRefused
            }
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// The maximum size of all header lines of a transfer, including interim responses, the response of a proxy and trailers.
    private static let headerLimitInBytes = 256 << 10

    /// Returns the number of accepted bytes. Fewer than the length of the line abort the transfer.
    private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        headerBytes += line.count
        guard headerBytes <= Self.headerLimitInBytes else { return 0 }
        keepHeader(line)
        return line.count
    }

    private func keepHeader(_ line: UnsafeRawBufferPointer) {
        // A status line starts a new block. The previous one belonged to a proxy or to an interim response.
        if line.count > 5, line[4] == UInt8(ascii: "/"), line.starts(with: "HTTP".utf8) {
            headers = Headers()
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        headers.addParsed(text(line[..<colon]), text(line[(colon + 1)...]))
    }

    /// The line without leading and trailing white space.
    private func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        var bytes = bytes
        while let byte = bytes.first, byte <= 0x20 { bytes.removeFirst() }
        while let byte = bytes.last, byte <= 0x20 { bytes.removeLast() }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes), as: UTF8.self)
    }

    // MARK: After the transfer

    var cancelled: TransportError { error(.cancelled, "cancelled") }
    var timedOut: TransportError {
        let limit = request.limits
        return error(.timeout, "timed out (limits: connect \(limit.connect.spoken), total \(limit.total.spoken))")
    }

    func outcome(_ code: CURLcode) -> Result<Response, TransportError> {
        guard code == CURLE_OK else { return .failure(failure(code)) }
        if case .gzip(let decoder)? = encoding, !decoder.isComplete {
            return .failure(error(.brokenResponse, "the compressed response was truncated"))
        }
        var response = Response(status: info(CURLINFO_RESPONSE_CODE), headers: headers, body: body)
        if isInspecting, let easy { connection = ConnectionReport(easy) }
        response.httpVersion = info(CURLINFO_HTTP_VERSION) >= Int(CURL_HTTP_VERSION_2_0) ? "2" : "1.1"
        if isProxyRefusal(response.status) { return .failure(proxyAuthentication(response.status)) }
        return .success(response)
    }

    /// Over plain HTTP, a refusal by the proxy looks like a response of the server. Only proxies send these statuses.
    private func isProxyRefusal(_ status: Int) -> Bool {
        status == 407 || (proxy != nil && headers.has("Proxy-Authenticate"))
    }

    /// Removes the references to memory of this transfer from a handle that is kept for another one.
    func detach() {
        guard let easy else { return }
        let options = Options(easy)
        for option in [CURLOPT_HTTPHEADER, CURLOPT_POSTFIELDS, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA] {
            options.set(option, UnsafeRawPointer?.none)
        }
    }

    /// Frees the memory to which the handle referred.
    func release() {
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
        // A proxy can refuse the request and close the connection before it has read the whole request.
        if isProxyRefusal(info(CURLINFO_RESPONSE_CODE)) { return proxyAuthentication(info(CURLINFO_RESPONSE_CODE)) }
        let isConnecting = [CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY].contains(
            code)
        if isConnecting, !File.hasFreeDescriptor {
            return error(.fileDescriptors, "this process has no free file descriptor for a connection")
        }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return error(.nameResolution, "cannot resolve the host name")
        case CURLE_COULDNT_RESOLVE_PROXY: return proxyError(.proxy, "cannot resolve the host name of the proxy")
        case CURLE_COULDNT_CONNECT where proxy != nil: return proxyError(.proxy, "cannot connect to the proxy")
        case CURLE_COULDNT_CONNECT: return error(.connection, "connection refused, or host unreachable")
        case CURLE_OPERATION_TIMEDOUT: return timedOut
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
            return error(.certificate, "the certificate is not trusted: \(verifyReason ?? text)")
        case CURLE_SSL_CACERT_BADFILE: return error(.setup, "the CA file contains no valid certificate: \(trust)")
        case CURLE_SSL_CERTPROBLEM: return error(.certificate, "the client certificate or its key is invalid")
        case CURLE_SSL_CONNECT_ERROR: return error(.tls, "the TLS handshake failed")
        case CURLE_WRITE_ERROR where isRefused: return cancelled
        case CURLE_WRITE_ERROR where isMalformed:
            return error(.brokenResponse, "the compressed response is malformed")
        case CURLE_WRITE_ERROR where encoding?.isUnsupported == true:
            return error(.brokenResponse, "the response has an encoding that was not requested")
        case CURLE_WRITE_ERROR where isTooLarge:
            return error(.responseTooLarge, "the response is larger than \(request.limits.responseInBytes) bytes")
        case CURLE_WRITE_ERROR where headerBytes > Self.headerLimitInBytes:
            return error(
                .responseTooLarge, "the response headers are larger than \(Self.headerLimitInBytes >> 10) KiB")
        case CURLE_GOT_NOTHING: return error(.brokenResponse, "the server closed the connection without a response")
        case CURLE_BAD_FUNCTION_ARGUMENT, CURLE_WEIRD_SERVER_REPLY:
            return error(.brokenResponse, "the response has a malformed header line")
        case CURLE_UNSUPPORTED_PROTOCOL: return error(.brokenResponse, "the response is not HTTP")
        case CURLE_PARTIAL_FILE: return error(.brokenResponse, "the response was truncated")
        default: return error(.brokenResponse, "the transfer failed: \(text)")
        }
    }

    private func proxyAuthentication(_ status: Int) -> TransportError {
        let reason =
            proxy?.credentials == nil ? "it requires a user name and password" : "it refused the user name or password"
        return proxyError(.proxyAuthentication, "proxy authentication failed (status \(status)): \(reason)")
    }

    private func proxyError(_ code: TransportError.Code, _ message: String) -> TransportError {
        TransportError(code, place: "proxy \(proxy?.url ?? "")", message: message)
    }

    /// The reason why OpenSSL does not trust the certificate, from its verification code (`man openssl-verify`).
    private var verifyReason: String? {
        switch info(CURLINFO_SSL_VERIFYRESULT) {
        case 0: nil
        case 10: "it has expired"
        case 9: "it is not yet valid; check the clock of this machine"
        case 18, 19: "it is self-signed, or \(authorities) its issuer"
        case 20, 21: "\(authorities) its issuer"
        case let code: "verification code \(code)"
        }
    }

    private var authorities: String {
        trust.file.map { "the CA file \(sanitized($0)) does not contain" } ?? "this machine does not trust"
    }

    private func info(_ key: CURLINFO) -> Int {
        guard let easy else { return 0 }
        var value = 0
        _ = rd_getinfo_long(easy, key, &value)
        return value
    }
}

/// The encoding of a body.
private enum Encoding {
    case identity
    case gzip(GzipDecoder)
    /// An encoding that was not requested.
    case unsupported

    init(_ field: String?) {
        switch (field ?? "").trimmed.lowercased() {
        case "", "identity": self = .identity
        case "gzip", "x-gzip": self = GzipDecoder().map { .gzip($0) } ?? .unsupported
        default: self = .unsupported
        }
    }

    var isUnsupported: Bool { if case .unsupported = self { true } else { false } }
}

/// Sets options on a handle and records the first failure.
private final class Options {
    private let easy: UnsafeMutableRawPointer
    private var failure = CURLE_OK

    /// The error for the first rejected option; nil if all were accepted.
    var error: TransportError? {
        guard failure != CURLE_OK else { return nil }
        let reason = String(cString: rd_easy_strerror(failure))
        return TransportError(.setup, place: "libcurl", message: "libcurl rejected an option: \(reason)")
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
