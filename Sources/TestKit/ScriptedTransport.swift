internal import Foundations
public import HTTPModel

/// A transport that a test answers: with a function, keeping what was sent.
public final class ScriptedTransport: Transport {
    private let answer: @Sendable (Request) throws(TransportError) -> Response
    private let log = Locked<[Request]>([])

    public init(_ answer: @escaping @Sendable (Request) throws(TransportError) -> Response) {
        self.answer = answer
    }

    /// The requests so far.
    public var requests: [Request] { log.withLock { $0 } }

    public func send(_ request: Request) async throws(TransportError) -> Response {
        log.withLock { $0.append(request) }
        return try answer(request)
    }
}

extension Request {
    /// The body as text, whatever it is kept in.
    public var bodyText: String {
        switch body {
        case .none: ""
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .secret(let secret): secret.reveal()
        }
    }

    /// A header's value, revealed where it is a secret.
    public func revealedHeader(_ name: String) -> String? {
        for field in headers.fields where field.name.lowercased() == name.lowercased() {
            switch field.value {
            case .text(let text): return text
            case .secret(let secret): return secret.reveal()
            }
        }
        return nil
    }
}
