/// What a program asks of a server; the same type on either side of the wire.
public struct Request: Sendable {
    public var method: String
    public var url: HTTPURL
    public var headers: Headers
    public var body: Body
    public var limits: Limits
    /// Some endpoints fail over HTTP/2 (`cxone.md` section 1.2); these ask for HTTP/1.1.
    public var prefersHTTP1 = false
    /// Whether the caller knows that this request is idempotent although its method is not, as a query that is sent with POST.
    public var isDeclaredIdempotent = false
    /// Whether sending the request twice has the same effect as sending it once (RFC 9110 section 9.2.2). A request that is not
    /// idempotent is sent over a new connection, on which no layer below the caller sends it again.
    public var isIdempotent: Bool { isDeclaredIdempotent || Self.idempotentMethods.contains(method) }
    /// The methods that RFC 9110 section 9.2.2 defines as idempotent, without TRACE and CONNECT, which no API uses.
    public static let idempotentMethods: Set<String> = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]
    /// Never through a proxy: for services of the machine itself.
    public var isDirect = false
    /// Signed as AWS wants it (Signature Version 4).
    public var awsSignature: AWSSignature?

    /// What a signature is made with.
    public struct AWSSignature: Sendable {
        /// `aws:amz:REGION:SERVICE`, as libcurl has it.
        public var scope: String
        public var id: String
        public var key: Secret

        public init(scope: String, id: String, key: Secret) {
            (self.scope, self.id, self.key) = (scope, id, key)
        }
    }

    /// The socket in the file system over which the server is reached, in place of its address.
    public var socketPath: String?

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

    /// What a request may cost at most.
    public struct Limits: Sendable {
        /// Until a connection stands, TLS included.
        public var connect: Duration
        /// Until the last byte of the response.
        public var total: Duration
        /// The body of the response, decompressed.
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

/// What the server answered.
public struct Response: Sendable {
    public var status: Int
    public var headers: Headers
    public var body: [UInt8]
    /// `1.1` or `2`; empty where nothing crossed a wire.
    public var httpVersion = ""
    /// What a server does wrong on purpose while it sends this; for simulators only.
    public var faultInjection: FaultInjection?

    /// A response that does not arrive as it should.
    public struct FaultInjection: Sendable, Equatable {
        public enum Cut: String, Sendable, CaseIterable {
            /// The connection ends without a response.
            case before
            /// It ends in the middle of the body.
            case within
            /// It ends after the body, without having said so.
            case after
        }
        public var cut: Cut?
        /// It ends with a reset, so that the client sees an error (`ECONNRESET`), not an end of its data.
        public var isReset = false
        /// The body trickles.
        public var bytesPerSecond: Int?
        /// A `Content-Length` that is not the body's.
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

    /// A response with a JSON body.
    public init(status: Int = 200, headers: Headers = [:], json: JSON) {
        self.init(status: status, headers: headers, body: json.bytes())
        self.headers.addParsed("Content-Type", "application/json")
    }

    public var isSuccess: Bool { (200..<300).contains(status) }
}
