/// Carries a request to its server and the response back: over the network, or to a simulator in memory.
///
/// A transport never follows a redirect and knows nothing of tokens. Any status is a response, not an error.
public protocol Transport: Sendable {
    func send(_ request: Request) async throws(TransportError) -> Response
}

/// Why no response came. Cancellation of the calling task is one of the reasons.
public struct TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case nameResolution, connection, timeout, certificate, tls, proxy, proxyAuthentication
        case responseTooLarge, brokenResponse, cancelled, setup
    }

    public var code: Code
    /// The origin that was asked, or the proxy where that is what failed.
    public var place: String
    /// What happened, for people: no secrets, no line breaks.
    public var message: String

    public init(_ code: Code, place: String, message: String) {
        self.code = code
        self.place = place
        self.message = sanitized(message)
    }

    public var description: String { "\(place): \(message)" }
}

/// Answers requests: a server's side of the wire.
public protocol Handler: Sendable {
    func handle(_ request: Request) -> Reply
}

/// An answer that is ready, or one that takes its time.
public enum Reply: Sendable {
    case ready(Response)
    case deferred(@Sendable () async -> Response)
}

/// Lets a handler answer in memory what a program would send over the network.
public struct InMemoryTransport: Transport {
    private let handler: any Handler

    public init(_ handler: any Handler) {
        self.handler = handler
    }

    public func send(_ request: Request) async throws(TransportError) -> Response {
        if Task.isCancelled {
            throw TransportError(.cancelled, place: request.url.origin.description, message: "cancelled")
        }
        let response =
            switch handler.handle(request) {
            case .ready(let response): response
            case .deferred(let answer): await answer()
            }
        if let faultInjection = response.faultInjection, faultInjection.breaks(response.body.count) {
            throw TransportError(
                .brokenResponse, place: request.url.origin.description, message: "the response ended before its end")
        }
        guard response.body.count <= request.limits.responseInBytes else {
            throw TransportError(
                .responseTooLarge, place: request.url.origin.description,
                message: "the response is larger than \(request.limits.responseInBytes) bytes"
            )
        }
        return response
    }
}

extension Response.FaultInjection {
    /// Whether a client sees that the response is not whole. A body that trickles is whole in the end.
    fileprivate func breaks(_ bodyCount: Int) -> Bool {
        cut == .before || (cut == .within && bodyCount > 0) || contentLength.map { $0 > bodyCount } == true
    }
}
