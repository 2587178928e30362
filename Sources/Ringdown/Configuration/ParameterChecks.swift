internal import RingdownCore
internal import RingdownOAuth

/// The checks of parameters.
///
/// Every error names the parameter.
enum Check {
    /// Returns an identifier that is not empty, and contains no control character and no white space at its ends.
    static func identifier(_ text: String, _ name: String) throws(ConfigurationError) -> String {
        let problem: String? =
            if text.isEmpty {
                "is empty"
            } else if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
                "contains a control character"
            } else if text.trimmed != text {
                "starts or ends with white space"
            } else { nil }
        guard let problem else { return text }
        throw ConfigurationError("\(name) \(problem)", hint: "copy the value again, without quotes or line breaks")
    }

    /// Returns an access token that can be sent in a header.
    static func token(_ token: Secret) throws(ConfigurationError) -> Secret {
        if Token.isSendable(token) { return token }
        throw ConfigurationError(
            "the access token is empty or contains a character that is not allowed in a token",
            hint: "copy it again, without quotes or spaces")
    }

    /// Parses a URL.
    ///
    /// Secrets and tokens are sent over HTTPS only, except to loopback addresses.
    static func url(_ text: String, _ name: String) throws(ConfigurationError) -> HTTPURL {
        let url: HTTPURL
        do throws(HTTPURL.Invalid) { url = try HTTPURL(text) } catch {
            throw ConfigurationError("\(name): \(error)", hint: "use a full URL, such as https://login.example.com")
        }
        guard url.origin.scheme == "https" || url.origin.isLoopback else {
            throw ConfigurationError(
                "\(name) uses plain HTTP: the secret and the token would be sent unencrypted",
                hint: "use https://; http:// is allowed for loopback addresses only")
        }
        return url
    }

    /// Returns two values that are only valid together; nil if both are nil.
    static func both<First, Second>(
        _ firstName: String, _ first: First?, _ secondName: String, _ second: Second?
    ) throws(ConfigurationError) -> (First, Second)? {
        if let first, let second { return (first, second) }
        if first == nil, second == nil { return nil }
        let (given, missing) = first == nil ? (secondName, firstName) : (firstName, secondName)
        throw ConfigurationError("\(given) is set without \(missing)", hint: "set both or neither")
    }

    /// Returns the token endpoint of a login host.
    ///
    /// A URL that ends in `/token` is used unchanged.
    static func tokenEndpoint(_ login: HTTPURL, _ name: String) throws(ConfigurationError) -> HTTPURL {
        if login.path.hasSuffix("/token") { return login }
        do throws(HTTPURL.Invalid) { return try login.appending("oauth/token") } catch {
            throw ConfigurationError("\(name): \(error)", hint: "use a full URL, such as https://login.example.com")
        }
    }

    /// Returns a version in the form of the API: `v34.0` for `34`, `v34` and `34.0`.
    static func version(_ text: String, _ name: String) throws(ConfigurationError) -> String {
        let digits = text.lowercased().hasPrefix("v") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ UInt16($0) != nil && !$0.hasPrefix("+") }) else {
            throw ConfigurationError(
                "\(name): '\(sanitized(text, limit: 40))' is not a version", hint: "use a version such as v34.0")
        }
        return "v" + digits + (parts.count == 1 ? ".0" : "")
    }

    /// Returns the origins of URLs on loopback.
    static func loopbackOrigins(_ texts: [String], _ name: String) throws(ConfigurationError) -> [HTTPURL.Origin] {
        var origins: [HTTPURL.Origin] = []
        for text in texts {
            let origin = try url(text, name).origin
            guard origin.isLoopback else {
                throw ConfigurationError(
                    "\(name): \(origin) is not on loopback", hint: "use URLs such as http://127.0.0.1:8080")
            }
            origins.append(origin)
        }
        return origins
    }
}
