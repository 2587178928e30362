internal import CMicroHTTPD
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The state that all connections of a server share.
final class Service: Sendable {
    let handler: any Handler
    /// The time source for slow bodies.
    let time: any TimeSource
    /// Whether the connections use TLS.
    let isEncrypted: Bool
    /// A cache of the origins for `Host` headers, since clients send only a few different ones.
    private let origins = Locked<[String: HTTPURL.Origin]>([:])
    /// The suspended exchanges and the tasks they wait for; nil when the server is stopping.
    private let waiting = Locked<[ObjectIdentifier: (exchange: Exchange, task: Task<Void, Never>)]?>([:])

    init(_ handler: any Handler, _ time: any TimeSource, isEncrypted: Bool) {
        (self.handler, self.time, self.isEncrypted) = (handler, time, isEncrypted)
    }

    /// Returns the origin for a `Host` header, or nil if the header is malformed.
    func origin(_ host: String) -> HTTPURL.Origin? {
        if let known = origins.withLock({ $0[host] }) { return known }
        guard !host.contains(where: { "/?#".contains($0) }), let url = try? HTTPURL("http://\(host)/") else {
            return nil
        }
        origins.withLock { origins in
            if origins.count >= 100 { origins = [:] }
            origins[host] = url.origin
        }
        return url.origin
    }

    /// Suspends an exchange until `work`, which must resume it, is complete. Returns false if the server is stopping.
    func suspend(_ exchange: Exchange, until work: @escaping @Sendable () async -> Void) -> Bool {
        waiting.withLock { waiting in
            guard waiting != nil else { return false }
            exchange.suspend()
            waiting?[ObjectIdentifier(exchange)] = (exchange, Task { await work() })
            return true
        }
    }

    /// Resumes a suspended exchange unless it was resumed before. The lock is held, so that the server cannot stop meanwhile.
    /// If `response` is nil, the exchange continues with its current response.
    func resume(_ exchange: Exchange, with response: Response? = nil) {
        waiting.withLock { waiting in
            if waiting?.removeValue(forKey: ObjectIdentifier(exchange)) != nil { exchange.resume(with: response) }
        }
    }

    /// Completes every suspended exchange with status 503, so that no connection outlives the server.
    func drain() {
        waiting.withLock { waiting in
            waiting?.values.forEach {
                $0.task.cancel()
                $0.exchange.resume(with: Response(status: 503))
            }
            waiting = nil
        }
    }
}

/// One request and its response on a libmicrohttpd connection.
///
/// One thread of libmicrohttpd uses it. `response` is set while the exchange is suspended.
final class Exchange: @unchecked Sendable {  // because of the line above
    private static let bodyLimitInBytes = 16 << 20

    private let target: String
    private let connection: OpaquePointer
    private var hasHeaders = false
    private var isTooLarge = false
    private var end = Response.FaultInjection()
    private var body: [UInt8] = []
    private var response: Response?
    private var surplus: ArraySlice<UInt8> = []

    private init(target: String, connection: OpaquePointer) {
        self.target = target
        self.connection = connection
    }

    /// Called first, with the raw request target. `end` releases the returned object.
    static func begin(_ target: UnsafePointer<CChar>, _ connection: OpaquePointer) -> UnsafeMutableRawPointer? {
        Unmanaged.passRetained(Exchange(target: String(cString: target), connection: connection)).toOpaque()
    }

    static func end(_ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) {
        guard let pointer = state?.pointee else { return }
        state?.pointee = nil
        let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
        exchange.sendSurplus()
        guard exchange.end.cut == .after else { return }
        // Close both directions, as an intermediary that drops the connection does.
        if exchange.end.isReset { exchange.reset() } else { shutdown(rd_socket(exchange.connection), Int32(SHUT_RDWR)) }
    }

    /// Sends the bytes that exceed the declared length of the response.
    private func sendSurplus() {
        surplus.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress, !bytes.isEmpty { rd_send(connection, start, bytes.count) }
        }
        surplus = []
    }

    /// Resets the connection. Connecting a TCP socket to AF_UNSPEC sends a reset.
    func reset() {
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        connect(rd_socket(connection), &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// Called with the headers, with each part of the body, at the end of the body, and again when a suspended exchange resumes.
    static func access(
        _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ method: UnsafePointer<CChar>?,
        _ data: UnsafePointer<CChar>?, _ count: UnsafeMutablePointer<Int>?,
        _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result {
        guard let context, let method, let count, let pointer = state?.pointee else { return .NO }
        let service = Unmanaged<Service>.fromOpaque(context).takeUnretainedValue()
        return Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
            .proceed(service, String(cString: method), UnsafeRawBufferPointer(start: data, count: count.pointee), count)
    }

    private func proceed(
        _ service: Service, _ method: String, _ data: UnsafeRawBufferPointer, _ count: UnsafeMutablePointer<Int>
    ) -> MHD_Result {
        if !hasHeaders {
            hasHeaders = true
            return .YES
        }
        if !data.isEmpty {
            isTooLarge = isTooLarge || body.count + data.count > Self.bodyLimitInBytes
            if !isTooLarge { body += data }
            count.pointee = 0
            return .YES
        }
        if let response { return queue(response, method, service) }
        if isTooLarge { return queue(Response(status: 413), method, service) }
        guard let request = request(method, service) else { return queue(Response(status: 400), method, service) }
        switch service.handler.handle(request) {
        case .ready(let response): return queue(response, method, service)
        case .deferred(let answer):
            // The service retains the exchange until this task or `drain` completes it.
            let isSuspended = service.suspend(self) { service.resume(self, with: await answer()) }
            return isSuspended ? .YES : queue(Response(status: 503), method, service)
        }
    }

    func suspend() {
        rd_suspend(connection)
    }

    func resume(with response: Response?) {
        if let response { self.response = response }
        rd_resume(connection)
    }

    private func request(_ method: String, _ service: Service) -> Request? {
        var headers = Headers()
        withUnsafeMutablePointer(to: &headers) { pointer in
            _ = rd_headers(
                connection,
                { context, _, name, value in
                    guard let name, let value else { return .YES }
                    let text = String(cString: value)
                    // libmicrohttpd removes only leading white space.
                    let hasSpace = text.utf8.last.map { $0 <= 0x20 } ?? false
                    context?.assumingMemoryBound(to: Headers.self).pointee
                        .addParsed(String(cString: name), hasSpace ? text.trimmed : text)
                    return .YES
                }, pointer
            )
        }
        guard !isAmbiguous(headers) else { return nil }
        // A target in absolute form contains the host. For other targets, the Host header determines it.
        let origin = target.hasPrefix("/") ? service.origin(headers["Host"] ?? "localhost") : nil
        let url = origin.flatMap { HTTPURL(origin: $0, target: target) } ?? (try? HTTPURL(target))
        guard let url else { return nil }
        return Request(method, url, headers: headers, body: body.isEmpty ? .none : .bytes(body))
    }

    /// Whether fields contradict each other that determine the host or the length of the request (RFC 9112 sections 3.2 and 6.3).
    private func isAmbiguous(_ headers: Headers) -> Bool {
        ["Host", "Content-Length"].contains { name in
            headers.fields.count { $0.name.equalsIgnoringCase(name) } > 1
        }
    }

    private func queue(_ response: Response, _ method: String, _ service: Service) -> MHD_Result {
        if let faultInjection = response.faultInjection {
            end = faultInjection
            // An empty body has no middle: the connection ends after the header fields.
            if end.cut == .within, response.body.isEmpty || method == "HEAD" { end.cut = .after }
            if let length = faultInjection.contentLength, !service.isEncrypted, method != "HEAD" {
                surplus = response.body.dropFirst(length)
            }
        }
        if end.cut == .before {
            if end.isReset { reset() }
            return .NO
        }
        guard let message = message(response, service) else { return .NO }
        defer { rd_response_destroy(message) }
        var hasDate = false
        for field in response.headers.fields {
            guard case .text(let text) = field.value else { continue }
            hasDate = hasDate || field.name.equalsIgnoringCase("Date")
            _ = rd_response_header(message, field.name, text)
        }
        if !hasDate { _ = rd_response_header(message, "Date", Timestamp.now().httpDate) }
        return rd_queue(connection, UInt32(response.status), message)
    }

    private func message(_ response: Response, _ service: Service) -> OpaquePointer? {
        guard let faultInjection = response.faultInjection else {
            return response.body.withUnsafeBytes { rd_response_copying($0.baseAddress, $0.count) }
        }
        return FaultyBody.message(response.body, faultInjection, self, service)
    }
}
