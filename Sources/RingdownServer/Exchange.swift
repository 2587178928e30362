internal import CMicroHTTPD
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What all connections of a server share.
final class Service: Sendable {
    let handler: any Handler
    /// The time in which slow bodies are slow.
    let time: any TimeSource
    /// Whether the bytes on the sockets are TLS's.
    let isEncrypted: Bool
    /// The origins that `Host` headers stand for; clients repeat a few of them.
    private let origins = Locked<[String: HTTPURL.Origin]>([:])
    /// The exchanges that are suspended and what they wait for; nil once the server is ending.
    private let waiting = Locked<[ObjectIdentifier: (exchange: Exchange, task: Task<Void, Never>)]?>([:])

    init(_ handler: any Handler, _ time: any TimeSource, isEncrypted: Bool) {
        (self.handler, self.time, self.isEncrypted) = (handler, time, isEncrypted)
    }

    /// The origin of a `Host` header; nil for a malformed one.
    func origin(_ host: String) -> HTTPURL.Origin? {
        if let known = origins.withLock({ $0[host] }) { return known }
        guard let url = try? HTTPURL("http://\(host)/"), url.path == "/" else { return nil }
        origins.withLock { origins in
            if origins.count >= 100 { origins = [:] }
            origins[host] = url.origin
        }
        return url.origin
    }

    /// Suspends an exchange until `work` is done, which has to resume it; false once the server is ending.
    func suspend(_ exchange: Exchange, until work: @escaping @Sendable () async -> Void) -> Bool {
        waiting.withLock { waiting in
            guard waiting != nil else { return false }
            exchange.suspend()
            waiting?[ObjectIdentifier(exchange)] = (exchange, Task { await work() })
            return true
        }
    }

    /// Lets a suspended exchange go on, unless someone else did. Under the lock, so that the server cannot end in between.
    /// Without a response it goes on with the one that it has.
    func resume(_ exchange: Exchange, with response: Response? = nil) {
        waiting.withLock { waiting in
            if waiting?.removeValue(forKey: ObjectIdentifier(exchange)) != nil { exchange.resume(with: response) }
        }
    }

    /// Answers every suspended exchange with 503, so that no connection outlives the server.
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

/// One request and its response on a connection of libmicrohttpd's.
///
/// One thread of MHD's uses it; `response` is set while it is suspended.
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

    /// Called with the raw request target, before anything else. `end` releases what it returns.
    static func begin(_ target: UnsafePointer<CChar>, _ connection: OpaquePointer) -> UnsafeMutableRawPointer? {
        Unmanaged.passRetained(Exchange(target: String(cString: target), connection: connection)).toOpaque()
    }

    static func end(_ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) {
        guard let pointer = state?.pointee else { return }
        state?.pointee = nil
        let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
        exchange.sendSurplus()
        guard exchange.end.cut == .after else { return }
        // Both directions at once, as when a machine in between drops the connection.
        if exchange.end.isReset { exchange.reset() } else { shutdown(rd_socket(exchange.connection), Int32(SHUT_RDWR)) }
    }

    /// Sends what there is beyond the length that the answer said.
    private func sendSurplus() {
        surplus.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress, !bytes.isEmpty { rd_send(connection, start, bytes.count) }
        }
        surplus = []
    }

    /// Ends the connection with a reset: to dissolve a TCP connection by connecting it to nothing sends one.
    func reset() {
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        connect(rd_socket(connection), &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// Called with the headers, with each part of the body, at its end, and again once a suspended exchange goes on.
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
            // The service owns the exchange until it is answered, by this work or by `drain`.
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
                    context?.assumingMemoryBound(to: Headers.self).pointee
                        .addParsed(String(cString: name), String(cString: value))
                    return .YES
                }, pointer
            )
        }
        // An absolute-form target names its own host; anything else belongs to the Host header.
        let origin = target.hasPrefix("/") ? service.origin(headers["Host"] ?? "localhost") : nil
        let url = origin.flatMap { HTTPURL(origin: $0, target: target) } ?? (try? HTTPURL(target))
        guard let url else { return nil }
        return Request(method, url, headers: headers, body: body.isEmpty ? .none : .bytes(body))
    }

    private func queue(_ response: Response, _ method: String, _ service: Service) -> MHD_Result {
        if let faultInjection = response.faultInjection {
            end = faultInjection
            // There is nothing within a body that is not there: it ends behind the fields.
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
