package import RingdownCore

/// A transport that records requests and returns the responses of a function.
package final class ScriptedTransport: Transport {
    private let answer: @Sendable (Request) throws(TransportError) -> Response
    private let log = Locked<[Request]>([])

    package init(_ answer: @escaping @Sendable (Request) throws(TransportError) -> Response) {
        self.answer = answer
    }

    /// The requests in the order in which they were sent.
    package var requests: [Request] { log.withLock { $0 } }

    package func send(_ request: Request) async throws(TransportError) -> Response {
        log.withLock { $0.append(request) }
        return try answer(request)
    }
}

extension Request {
    /// The body as text, also if it is a secret.
    package var bodyText: String {
        switch body {
        case .none: ""
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .secret(let secret): secret.reveal()
        }
    }

    /// Returns the value of a header, also if it is a secret.
    package func revealedHeader(_ name: String) -> String? {
        for field in headers.fields where field.name.lowercased() == name.lowercased() {
            switch field.value {
            case .text(let text): return text
            case .secret(let secret): return secret.reveal()
            }
        }
        return nil
    }
}
