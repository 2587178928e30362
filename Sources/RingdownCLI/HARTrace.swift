internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Writes every request and response to a file in the HAR format (version 1.2), which browsers and proxies can display.
///
/// ``TraceFilter`` removes everything that is not known to be harmless. The file is complete after each response.
struct HARTrace: Transport {
    let transport: any Transport
    let log: HARLog

    func send(_ request: Request) async throws(TransportError) -> Response {
        let (start, began) = (Timestamp.now(), SystemTime().now().uptime)
        let result: Result<Response, TransportError>
        do { result = .success(try await transport.send(request)) } catch { result = .failure(error) }
        log.keep(request, result, start, (SystemTime().now().uptime - began).inSeconds * 1000)
        return try result.get()
    }
}

/// The file of a trace, shared by all transports of a command.
final class HARLog: Sendable {
    private struct State {
        var offset: Int
        var count = 0
    }

    private static let end = Array("\n]}}\n".utf8)

    private let descriptor: Int32
    private let state: Locked<State>

    /// Creates or truncates the file, with access for its owner only.
    ///
    /// - Throws: `FileError` if the file cannot be written.
    init(path: String) throws(FileError) {
        descriptor = try File.openOwn(path, O_WRONLY)
        guard ftruncate(descriptor, 0) == 0, fchmod(descriptor, 0o600) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError(path: path, code: code)
        }
        let head = Array(
            #"{"log":{"version":"1.2","creator":{"name":"ringdown","version":"\#(Version.current)"},"entries":["#.utf8)
        state = Locked(State(offset: head.count))
        write(head + Self.end, at: 0)
    }

    deinit { close(descriptor) }

    func keep(
        _ request: Request, _ result: Result<Response, TransportError>, _ start: Timestamp, _ milliseconds: Double
    ) {
        let time = JSON.number(String((milliseconds * 1000).rounded() / 1000))
        let entry: JSON = [
            "startedDateTime": .string(start.rfc3339), "time": time, "request": Self.json(request),
            "response": Self.json(result, to: request), "cache": [:],
            "timings": ["send": 0, "wait": time, "receive": 0],
        ]
        state.withLock { state in
            let text = Array((state.count == 0 ? "\n" : ",\n").utf8) + entry.bytes()
            write(text + Self.end, at: state.offset)
            state.offset += text.count
            state.count += 1
        }
    }

    private func write(_ bytes: [UInt8], at offset: Int) {
        let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
        if count != bytes.count {
            Logger.current.warning("trace.incomplete", "the trace is incomplete: the file cannot be written")
        }
    }

    private static func json(_ request: Request) -> JSON {
        var members: [JSON.Member] = [
            .init("method", .string(request.method)),
            .init("url", .string(TraceFilter.address(request.url.description))),
            .init("httpVersion", ""), .init("cookies", []),
            .init("headers", TraceFilter.json(request.headers, without: [])),
            .init("queryString", TraceFilter.json(queryOf: request.url)), .init("headersSize", -1),
            .init("bodySize", .int(request.body.count)),
        ]
        var text: String?
        switch request.body {
        case .none: break
        case .secret: text = TraceFilter.removed
        case .bytes(let bytes): text = TraceFilter.text(bytes, without: secrets(of: request))
        }
        if let text {
            let type = JSON.optional(request.headers.knownMediaType)
            members.append(.init("postData", ["mimeType": type, "text": .string(text)]))
        }
        return .object(members)
    }

    private static func json(_ result: Result<Response, TransportError>, to request: Request) -> JSON {
        var (status, headers, body, note) = (0, JSON.array([]), [UInt8](), "")
        var (type, version) = ("", "")
        // The response to a token request contains a token.
        let isSecret = if case .secret = request.body { true } else { false }
        let secrets = secrets(of: request)
        switch result {
        case .success(let response):
            (status, body) = (response.status, response.body)
            headers = TraceFilter.json(response.headers, without: secrets, isSecret: isSecret)
            (type, version) = (response.headers.knownMediaType ?? "", "HTTP/\(response.httpVersion)")
        case .failure(let error): note = error.description
        }
        return [
            "status": .int(status), "statusText": "", "httpVersion": .string(version), "cookies": [],
            "headers": headers,
            "content": [
                "size": .int(body.count), "mimeType": .string(type),
                "text": .string(isSecret ? TraceFilter.removed : TraceFilter.text(body, without: secrets)),
            ],
            "redirectURL": "", "headersSize": -1, "bodySize": .int(body.count), "comment": .string(note),
        ]
    }

    /// The values that a server may echo: secret header fields, with and without the authentication scheme.
    private static func secrets(of request: Request) -> [Secret] {
        request.headers.fields.flatMap { field -> [Secret] in
            guard case .secret(let secret) = field.value else { return [] }
            return [
                secret, secret.withBytes { bytes in Secret(bytes: Array(bytes.drop { $0 != 0x20 }.dropFirst())) },
            ]
        }
    }
}
