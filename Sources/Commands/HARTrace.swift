internal import Foundations
internal import HTTPModel
internal import Ringdown

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Writes every exchange into a file of the HAR format (version 1.2), which browsers and proxies can show.
///
/// Secrets do not get there: no credentials, no tokens, no signatures of links, and no body that may hold one. The file is whole
/// after each exchange.
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

/// The file of a trace, which all transports of a command write.
final class HARLog: Sendable {
    private struct State {
        var offset: Int
        var count = 0
    }

    private static let bodyLimit = 256 << 10
    private static let end = Array("\n]}}\n".utf8)

    private let descriptor: Int32
    private let state: Locked<State>

    /// Makes the file anew, for its owner only. Throws `FileError`.
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
            Logger.current.warning("trace.incomplete", "the trace is not complete: the file takes no more")
        }
    }

    private static func json(_ request: Request) -> JSON {
        let query = request.url.queryItems.map { item -> JSON in
            ["name": .string(item.name), "value": .string(mayBeSecret(item.name) ? removed : item.value)]
        }
        let parameters = request.url.queryItems.map {
            "\(percentEncoded($0.name))=\(mayBeSecret($0.name) ? removed : percentEncoded($0.value))"
        }
        let url =
            "\(request.url.origin)\(request.url.path)" + (query.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
        var members: [JSON.Member] = [
            .init("method", .string(request.method)), .init("url", .string(url)), .init("httpVersion", ""),
            .init("cookies", []), .init("headers", json(request.headers)), .init("queryString", .array(query)),
            .init("headersSize", -1), .init("bodySize", .int(request.body.count)),
        ]
        switch request.body {
        case .none: break
        case .secret:
            members.append(
                .init("postData", ["mimeType": .optional(request.headers["Content-Type"]), "text": .string(removed)]))
        case .bytes(let bytes):
            members.append(
                .init(
                    "postData", ["mimeType": .optional(request.headers["Content-Type"]), "text": .string(text(bytes))]))
        }
        return .object(members)
    }

    private static func json(_ result: Result<Response, TransportError>, to request: Request) -> JSON {
        var (status, headers, body, note) = (0, JSON.array([]), [UInt8](), "")
        var (type, version) = ("", "")
        switch result {
        case .success(let response):
            (status, headers, body) = (response.status, json(response.headers), response.body)
            (type, version) = (response.headers["Content-Type"] ?? "", "HTTP/\(response.httpVersion)")
        case .failure(let error): note = error.description
        }
        // What answers a request for a token is one.
        let isSecret = if case .secret = request.body { true } else { false }
        return [
            "status": .int(status), "statusText": "", "httpVersion": .string(version), "cookies": [],
            "headers": headers,
            "content": [
                "size": .int(body.count), "mimeType": .string(type),
                "text": .string(isSecret ? removed : text(body, without: secrets(of: request))),
            ],
            "redirectURL": "", "headersSize": -1, "bodySize": .int(body.count), "comment": .string(note),
        ]
    }

    private static let removed = "REMOVED"
    private static let secretWords = [
        "authorization", "cookie", "token", "secret", "password", "signature", "credential", "api-key",
    ]

    /// An address without the values of what may be secret in its query.
    private static func withoutSecrets(_ address: String) -> String {
        let parts = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return address }
        let items = parts[1].split(separator: "&").map { item -> String in
            let name = item.prefix { $0 != "=" }
            return mayBeSecret(String(name)) ? "\(name)=\(removed)" : String(item)
        }
        return parts[0] + "?" + items.joined(separator: "&")
    }

    private static func mayBeSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["code", "state", "code_verifier"].contains(name) || secretWords.contains { name.contains($0) }
    }

    private static func json(_ headers: Headers) -> JSON {
        .array(
            headers.fields.map { field in
                var value = removed
                if case .text(let text) = field.value, !mayBeSecret(field.name) {
                    value = field.name.equalsIgnoringCase("Location") ? withoutSecrets(text) : text
                }
                return ["name": .string(field.name), "value": .string(value)]
            })
    }

    private static func text(_ bytes: [UInt8], without secrets: [Secret] = []) -> String {
        guard bytes.count <= bodyLimit else { return "REMOVED: \(bytes.count) bytes" }
        let text = String(decoding: redacting(secrets, in: bytes), as: UTF8.self)
        return mayBeSecret(text) ? removed : text
    }

    /// What a server might echo: the credentials of the header, without the scheme before them.
    private static func secrets(of request: Request) -> [Secret] {
        request.headers.fields.compactMap { field in
            guard case .secret(let secret) = field.value else { return nil }
            return secret.withBytes { bytes in Secret(bytes: Array(bytes.drop { $0 != 0x20 }.dropFirst())) }
        }
    }
}
