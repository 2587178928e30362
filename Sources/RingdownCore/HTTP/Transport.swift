/// A type that sends a request and returns the response, over the network or from a simulator in memory.
///
/// A transport never follows redirects and is independent of tokens. A response with an error status is not a Swift error.
public protocol Transport: Sendable {
    /// Sends a request and returns the response. Throws `TransportError` if there is no complete response.
    func send(_ request: Request) async throws(TransportError) -> Response
}

/// The reason why there is no response, including the cancellation of the calling task.
public struct TransportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The category of a failure.
    public enum Code: String, Sendable, CaseIterable {
        case nameResolution, connection, timeout, certificate, tls, proxy, proxyAuthentication
        case responseTooLarge, brokenResponse, cancelled, setup
        /// This process has no free file descriptor for a connection.
        case fileDescriptors
    }

    public var code: Code
    /// The origin of the request, or the proxy if the proxy failed.
    public var place: String
    /// A description of the failure, without secrets and line breaks.
    public var message: String

    public init(_ code: Code, place: String, message: String) {
        self.code = code
        self.place = place
        self.message = sanitized(message)
    }

    public var description: String { "\(place): \(message)" }
}

/// A type that responds to requests in a server.
public protocol Handler: Sendable {
    /// Returns the response to a request, or a closure that produces it.
    func handle(_ request: Request) -> Reply
}

/// An immediate response, or one that is produced asynchronously.
public enum Reply: Sendable {
    case ready(Response)
    case deferred(@Sendable () async -> Response)
}

/// A transport that passes requests to a handler in memory instead of sending them over the network.
public struct InMemoryTransport: Transport {
    private let handler: any Handler

    public init(_ handler: any Handler) {
        self.handler = handler
    }

    public func send(_ request: Request) async throws(TransportError) -> Response {
        if Task.isCancelled {
            throw TransportError(.cancelled, place: request.url.origin.description, message: "cancelled")
        }
        var response =
            switch handler.handle(request) {
            case .ready(let response): response
            case .deferred(let answer): await answer()
            }
        if let receive = request.bodyReceiver, [200, 206].contains(response.status) {
            guard pass(response, to: receive) else {
                throw TransportError(.cancelled, place: request.url.origin.description, message: "cancelled")
            }
            if response.faultInjection?.breaks(response.body.count) != true { response.body = [] }
        }
        if let faultInjection = response.faultInjection, faultInjection.breaks(response.body.count) {
            throw TransportError(
                .brokenResponse, place: request.url.origin.description, message: "the response was truncated")
        }
        guard response.body.count <= request.limits.responseInBytes else {
            throw TransportError(
                .responseTooLarge, place: request.url.origin.description,
                message: "the response is larger than \(request.limits.responseInBytes) bytes"
            )
        }
        return response
    }

    /// Passes the body on in parts, up to the place where the connection closes. Returns false if the receiver ends the transfer.
    private func pass(_ response: Response, to receive: (Response, [UInt8]) -> Bool) -> Bool {
        var head = response
        head.body = []
        let cut = response.faultInjection?.cut
        let count = cut == .before ? 0 : cut == .within ? response.body.count / 2 : response.body.count
        for start in stride(from: 0, to: count, by: 16 << 10) {
            guard receive(head, Array(response.body[start..<min(count, start + 16 << 10)])) else { return false }
        }
        return true
    }
}

extension Response.FaultInjection {
    /// Whether a client detects that the response is incomplete. A slow body is complete in the end.
    fileprivate func breaks(_ bodyCount: Int) -> Bool {
        cut == .before || (cut == .within && bodyCount > 0) || contentLength.map { $0 > bodyCount } == true
    }
}
