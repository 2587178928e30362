internal import CCurl
internal import RingdownCore

/// What the errors of libcurl mean.
extension Transfer {
    func failure(_ code: CURLcode) -> TransportError {
        let text = String(cString: rd_easy_strerror(code))
        let connectStatus = info(CURLINFO_HTTP_CONNECTCODE)
        if connectStatus == 407 || connectStatus == 401 { return proxyAuthentication(connectStatus) }
        if connectStatus >= 300 {
            return proxyError(.proxy, "the proxy refused the connection with status \(connectStatus)")
        }
        // A proxy can refuse the request and close the connection before it has read the whole request.
        if isProxyRefusal(info(CURLINFO_RESPONSE_CODE)) { return proxyAuthentication(info(CURLINFO_RESPONSE_CODE)) }
        let isConnecting = [CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY].contains(
            code)
        if isConnecting, !File.hasFreeDescriptor {
            return error(.fileDescriptors, "this process has no free file descriptor for a connection")
        }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: return error(.nameResolution, "cannot resolve the host name")
        case CURLE_COULDNT_RESOLVE_PROXY: return proxyError(.proxy, "cannot resolve the host name of the proxy")
        case CURLE_COULDNT_CONNECT where proxy != nil: return proxyError(.proxy, "cannot connect to the proxy")
        case CURLE_COULDNT_CONNECT: return error(.connection, "connection refused, or host unreachable")
        case CURLE_OPERATION_TIMEDOUT: return timedOut
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
            return error(.certificate, "the certificate is not trusted: \(verifyReason ?? text)")
        case CURLE_SSL_CACERT_BADFILE: return error(.setup, "the CA file contains no valid certificate: \(trust)")
        case CURLE_SSL_CERTPROBLEM: return error(.certificate, "the client certificate or its key is invalid")
        case CURLE_SSL_CONNECT_ERROR: return error(.tls, "the TLS handshake failed")
        case CURLE_WRITE_ERROR where isRefused: return cancelled
        case CURLE_WRITE_ERROR where isMalformed:
            return error(.brokenResponse, "the compressed response is malformed")
        case CURLE_WRITE_ERROR where encoding?.isUnsupported == true:
            return error(.brokenResponse, "the response has an encoding that was not requested")
        case CURLE_WRITE_ERROR where isTooLarge:
            return error(.responseTooLarge, "the response is larger than \(request.limits.responseInBytes) bytes")
        case CURLE_WRITE_ERROR where headerBytes > Self.headerLimitInBytes:
            return error(
                .responseTooLarge, "the response headers are larger than \(Self.headerLimitInBytes >> 10) KiB")
        case CURLE_GOT_NOTHING: return error(.brokenResponse, "the server closed the connection without a response")
        case CURLE_BAD_FUNCTION_ARGUMENT, CURLE_WEIRD_SERVER_REPLY:
            return error(.brokenResponse, "the response has a malformed header line")
        case CURLE_UNSUPPORTED_PROTOCOL: return error(.brokenResponse, "the response is not HTTP")
        case CURLE_PARTIAL_FILE: return error(.brokenResponse, "the response was truncated")
        default: return error(.brokenResponse, "the transfer failed: \(text)")
        }
    }

    func proxyAuthentication(_ status: Int) -> TransportError {
        let reason =
            proxy?.credentials == nil ? "it requires a user name and password" : "it refused the user name or password"
        return proxyError(.proxyAuthentication, "proxy authentication failed (status \(status)): \(reason)")
    }

    private func proxyError(_ code: TransportError.Code, _ message: String) -> TransportError {
        TransportError(code, place: "proxy \(proxy?.url ?? "")", message: message)
    }

    /// The reason why OpenSSL does not trust the certificate, from its verification code (`man openssl-verify`).
    private var verifyReason: String? {
        switch info(CURLINFO_SSL_VERIFYRESULT) {
        case 0: nil
        case 10: "it has expired"
        case 9: "it is not yet valid; check the clock of this machine"
        case 18, 19: "it is self-signed, or \(authorities) its issuer"
        case 20, 21: "\(authorities) its issuer"
        case let code: "verification code \(code)"
        }
    }

    private var authorities: String {
        trust.file.map { "the CA file \(sanitized($0)) does not contain" } ?? "this machine does not trust"
    }
}
