internal import CCurl
package import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A connection for protocols other than HTTP. libcurl establishes it, with TLS and certificates as for requests.
///
/// All methods block. Call them on a dedicated thread, one at a time.
package final class RawConnection: @unchecked Sendable {  // because its owner uses it from one thread at a time
    private let easy: UnsafeMutableRawPointer
    private let place: String
    private let patience: Int32
    /// The deadline of the current exchange, as system uptime.
    private var end = Duration.zero

    /// Connects to a server, with TLS if the scheme of the origin is `https`.
    ///
    /// - Throws: `TransportError` if the connection cannot be established.
    package init(
        _ origin: HTTPURL.Origin, _ configuration: CurlTransport.Configuration, patienceInSeconds: Int = 5
    ) throws(TransportError) {
        place = origin.description
        patience = Int32(patienceInSeconds * 1000)
        if let failure = curl_open() {
            throw TransportError(.setup, place: "libcurl", message: "cannot be loaded: \(String(cString: failure))")
        }
        if let problem = CurlVersion.opened.problem {
            throw TransportError(.setup, place: "libcurl", message: problem)
        }
        guard let easy = rd_easy_init() else {
            throw TransportError(.setup, place: "libcurl", message: "out of memory")
        }
        self.easy = easy
        do throws(TransportError) { try Transfer.configure(easy, configuration, .opened) } catch {
            rd_easy_cleanup(easy)
            throw error
        }
        _ = rd_setopt_text(easy, CURLOPT_URL, origin.description + "/")
        _ = rd_setopt_text(easy, CURLOPT_PROXY, "")
        _ = rd_setopt_long(easy, CURLOPT_CONNECT_ONLY, 1)
        _ = rd_setopt_long(easy, CURLOPT_SSL_ENABLE_ALPN, 0)
        _ = rd_setopt_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(patience))
        let code = rd_easy_perform(easy)
        guard code == CURLE_OK else {
            let kind: TransportError.Code =
                switch code {
                case CURLE_COULDNT_RESOLVE_HOST: .nameResolution
                case CURLE_OPERATION_TIMEDOUT: .timeout
                case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE: .certificate
                case CURLE_SSL_CONNECT_ERROR: .tls
                default: .connection
                }
            throw TransportError(kind, place: place, message: String(cString: rd_easy_strerror(code)))
        }
    }

    deinit { rd_easy_cleanup(easy) }

    /// Starts an exchange and sets its deadline.
    package func begin() { end = SystemTime().now().uptime + .milliseconds(Int64(patience)) }

    /// Sends all bytes. Throws `TransportError` on failure or after the deadline.
    package func send(_ bytes: [UInt8]) throws(TransportError) {
        var offset = 0
        while offset < bytes.count {
            var sent = 0
            let code = bytes.withUnsafeBytes {
                rd_easy_send(easy, $0.baseAddress.unsafelyUnwrapped + offset, $0.count - offset, &sent)
            }
            offset += sent
            if code == CURLE_AGAIN { try wait(for: Int16(POLLOUT)) } else if code != CURLE_OK { throw failure(code) }
        }
    }

    /// Returns the next bytes, at least one. Throws `TransportError` on failure, or if the server closes the connection.
    package func receive() throws(TransportError) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            var received = 0
            if remaining <= 0 { throw late }
            let code = chunk.withUnsafeMutableBytes {
                rd_easy_recv(easy, $0.baseAddress.unsafelyUnwrapped, $0.count, &received)
            }
            if code == CURLE_AGAIN {
                try wait(for: Int16(POLLIN))
                continue
            }
            guard code == CURLE_OK else { throw failure(code) }
            if received == 0 {
                throw TransportError(.brokenResponse, place: place, message: "the server closed the connection")
            }
            return Array(chunk.prefix(received))
        }
    }

    private func wait(for events: Int16) throws(TransportError) {
        var wanted = pollfd(fd: rd_active_socket(easy), events: events, revents: 0)
        if remaining <= 0 || poll(&wanted, 1, remaining) == 0 { throw late }
    }

    /// The time limit in milliseconds.
    private var remaining: Int32 { Int32(max(0, min((end - SystemTime().now().uptime).inSeconds * 1000, 60_000))) }
    private var late: TransportError { TransportError(.timeout, place: place, message: "timed out waiting for data") }

    private func failure(_ code: CURLcode) -> TransportError {
        TransportError(.brokenResponse, place: place, message: String(cString: rd_easy_strerror(code)))
    }
}
