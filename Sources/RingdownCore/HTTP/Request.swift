/// An HTTP request, for clients and servers.
public struct Request: Sendable {
    public var method: String
    public var url: HTTPURL
    public var headers: Headers
    public var body: Body
    public var limits: Limits
    /// Whether the request must use HTTP/1.1, since some endpoints fail over HTTP/2 (`cxone.md` section 1.2).
    public var prefersHTTP1 = false
    /// Whether the caller declares this request idempotent although its method is not, such as a query sent with POST.
    public var isDeclaredIdempotent = false
    /// Whether sending the request twice has the same effect as sending it once (RFC 9110 section 9.2.2). A request that is not
    /// idempotent is sent over a new connection, on which libcurl does not resend it.
    public var isIdempotent: Bool { isDeclaredIdempotent || Self.idempotentMethods.contains(method) }
    /// The methods that RFC 9110 section 9.2.2 defines as idempotent, without TRACE and CONNECT, which no API uses.
    public static let idempotentMethods: Set<String> = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]
    /// Whether the request bypasses proxies, for services of the machine itself.
    public var isDirect = false
    /// The parameters of an AWS signature (Signature Version 4); nil for unsigned requests.
    public var awsSignature: AWSSignature?

    /// The parameters of an AWS signature.
    public struct AWSSignature: Sendable {
        /// The scope in the syntax of libcurl: `aws:amz:REGION:SERVICE`.
        public var scope: String
        /// The access key ID.
        public var id: String
        /// The secret access key.
        public var key: Secret

        public init(scope: String, id: String, key: Secret) {
            (self.scope, self.id, self.key) = (scope, id, key)
        }
    }

    /// Receives the parts of the body of a response with status 200 or 206, whose ``Response/body`` is empty then. False ends the
    /// transfer. The response has no body yet. Called in order, on a thread of the transport.
    package var bodyReceiver: (@Sendable (Response, [UInt8]) -> Bool)?

    /// The path of a Unix domain socket that replaces the address of the server.
    public var socketPath: String?

    /// The body of a request.
    public enum Body: Sendable {
        case none
        case bytes([UInt8])
        case secret(Secret)

        public var count: Int {
            switch self {
            case .none: 0
            case .bytes(let bytes): bytes.count
            case .secret(let secret): secret.count
            }
        }
    }

    /// The time and size limits of a request.
    public struct Limits: Sendable {
        /// The time until a connection is established, including TLS.
        public var connect: Duration
        /// The time until the last byte of the response.
        public var total: Duration
        /// The size of the decompressed response body in bytes.
        public var responseInBytes: Int

        public init(connect: Duration = .seconds(5), total: Duration = .seconds(60), responseInBytes: Int = 64 << 20) {
            self.connect = connect
            self.total = total
            self.responseInBytes = responseInBytes
        }
    }

    public init(
        _ method: String = "GET", _ url: HTTPURL, headers: Headers = [:], body: Body = .none, limits: Limits = Limits()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
    }
}

/// An HTTP response.
public struct Response: Sendable {
    public var status: Int
    public var headers: Headers
    public var body: [UInt8]
    /// The HTTP version, `1.1` or `2`; empty for responses in memory.
    public var httpVersion = ""
    /// The fault that a simulator injects while it sends this response.
    public var faultInjection: FaultInjection?

    /// A fault in the delivery of a response.
    public struct FaultInjection: Sendable, Equatable {
        /// The position at which the connection is closed.
        public enum Cut: String, Sendable, CaseIterable {
            /// Before the response.
            case before
            /// In the middle of the body.
            case within
            /// After the body, without `Connection: close`.
            case after
        }
        /// The position at which the connection is closed; nil for a complete response.
        public var cut: Cut?
        /// Whether the connection is reset, so that the client receives an error (`ECONNRESET`) instead of an end of data.
        public var isReset = false
        /// The rate at which the body is sent; nil for no limit.
        public var bytesPerSecond: Int?
        /// A `Content-Length` that differs from the length of the body.
        public var contentLength: Int?

        public init(
            cut: Cut? = nil, isReset: Bool = false, bytesPerSecond: Int? = nil, contentLength: Int? = nil
        ) {
            (self.cut, self.isReset) = (cut, isReset)
            self.bytesPerSecond = bytesPerSecond
            self.contentLength = contentLength
        }
    }

    public init(status: Int, headers: Headers = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Creates a response with a JSON body.
    public init(status: Int = 200, headers: Headers = [:], json: JSON) {
        self.init(status: status, headers: headers, body: json.bytes())
        self.headers.addParsed("Content-Type", "application/json")
    }

    /// Whether the status is from 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(status) }
}
