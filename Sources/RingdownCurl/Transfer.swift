internal import CCurl
internal import RingdownCore

/// One active request. All state other than the request belongs to the thread of the loop.
final class Transfer: @unchecked Sendable {  // because only the thread of the loop uses it after it is posted
    let request: Request
    let proxy: ProxySettings.Proxy?
    let trust: TrustSettings
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
    var headerBytes = 0
    /// The encoding of the body; nil before its first byte.
    var encoding: ContentEncoding?
    var isMalformed = false
    var isTooLarge = false
    /// Whether the receiver of the body ended the transfer.
    var isRefused = false
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
        let options = CurlOptions(easy)
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
        let options = CurlOptions(easy)
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

    private func setMethodAndBody(_ options: CurlOptions) {
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

    private func setHeaders(_ options: CurlOptions) {
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
        if encoding == nil { encoding = ContentEncoding(headers["Content-Encoding"]) }
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
    static let headerLimitInBytes = 256 << 10

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
    func isProxyRefusal(_ status: Int) -> Bool {
        status == 407 || (proxy != nil && headers.has("Proxy-Authenticate"))
    }

    /// Removes the references to memory of this transfer from a handle that is kept for another one.
    func detach() {
        guard let easy else { return }
        let options = CurlOptions(easy)
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

    func info(_ key: CURLINFO) -> Int {
        guard let easy else { return 0 }
        var value = 0
        _ = rd_getinfo_long(easy, key, &value)
        return value
    }
}
