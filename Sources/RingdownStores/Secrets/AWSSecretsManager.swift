internal import RingdownCore
internal import RingdownCurl

/// Reads secrets from AWS Secrets Manager with `GetSecretValue`, signed by libcurl (AWS Signature Version 4).
struct AWSSecretsManager {
    private struct Credentials {
        var id: String
        var key: Secret
        var token: Secret?
    }

    private let transport: CurlTransport
    private let variable: (String) -> String?

    init(_ transport: CurlTransport, _ variable: @escaping (String) -> String?) {
        (self.transport, self.variable) = (transport, variable)
    }

    private func setting(_ names: String...) -> String? {
        names.lazy.compactMap { variable($0) }.first { !$0.isEmpty }
    }

    /// Returns the secret at `NAME` or at an ARN. The suffix `#MEMBER` selects one member of a JSON object.
    func secret(_ place: String) async throws(SecretStores.Failure) -> Secret {
        let parts = place.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, !name.isEmpty else {
            throw .init("the name after 'aws:' is missing", hint: "write aws:NAME, aws:ARN or aws:NAME#MEMBER")
        }
        var body = try await answer(name)
        defer { wipe(&body) }
        let whole = try value(in: body, name)
        return parts.count > 1 ? try member(parts[1], of: whole, name) : whole
    }

    private func answer(_ name: String) async throws(SecretStores.Failure) -> [UInt8] {
        let arn = name.split(separator: ":", omittingEmptySubsequences: false)
        let named = name.hasPrefix("arn:") ? (arn.count > 3 ? String(arn[3]) : "") : nil
        guard let region = named ?? setting("AWS_REGION", "AWS_DEFAULT_REGION") else {
            throw .init("the AWS region is not set", hint: "set AWS_REGION, or use the complete ARN")
        }
        if region.isEmpty { throw .init("the ARN contains no region", hint: "copy the complete ARN of the secret") }
        guard region.utf8.allSatisfy({ $0.isAlphanumeric || $0 == UInt8(ascii: "-") }) else {
            throw .init(
                "'\(sanitized(region, limit: 40))' is not an AWS region", hint: "set AWS_REGION, such as eu-west-1")
        }
        let endpoint =
            setting("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL")
            ?? "https://secretsmanager.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        let url = try secretURL(endpoint, "AWS_ENDPOINT_URL").appendingRoot
        let credentials = try await credentials()
        var request = Request("POST", url, body: .bytes(JSON.object([.init("SecretId", .string(name))]).bytes()))
        request.limits = .init(connect: .seconds(5), total: .seconds(15), responseInBytes: 1 << 20)
        do {
            try request.headers.set("Content-Type", "application/x-amz-json-1.1")
            try request.headers.set("X-Amz-Target", "secretsmanager.GetSecretValue")
            if let token = credentials.token { try request.headers.set("X-Amz-Security-Token", token) }
        } catch { throw .init("cannot send the AWS session token: \(error)", hint: "check AWS_SESSION_TOKEN") }
        request.awsSignature = .init(
            scope: "aws:amz:\(region):secretsmanager", id: credentials.id, key: credentials.key)
        let response: Response
        do { response = try await transport.send(request) } catch {
            throw .init(
                "cannot read the secret from AWS: \(error)", hint: "check the network and the region, \(region)")
        }
        guard response.isSuccess else { throw refusal(response, name, credentials) }
        return response.body
    }

    private func refusal(_ response: Response, _ name: String, _ credentials: Credentials) -> SecretStores.Failure {
        let secrets = [credentials.key] + (credentials.token.map { [$0] } ?? [])
        let bytes = redacting(secrets, in: response.body)
        let body = try? JSONReader.parse(bytes)
        // AWS reports an invalid signature in XML, whatever the request format.
        let text = String(decoding: bytes, as: UTF8.self)
        let type = body?["__type"]?.string ?? xml("Code", text) ?? "status \(response.status)"
        let code = type.split(separator: "#").last.map(String.init) ?? type
        let message = (body?["message"] ?? body?["Message"])?.string ?? xml("Message", text) ?? ""
        let hint =
            switch code {
            case "ResourceNotFoundException":
                "check the name, the region and the account: '\(sanitized(name, limit: 80))'"
            case "AccessDeniedException", "AccessDenied": "allow secretsmanager:GetSecretValue for these credentials"
            case "SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException",
                "InvalidSignatureException":
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the clock of this machine"
            case "ExpiredTokenException", "ExpiredToken": "the AWS credentials have expired: obtain new ones"
            default: "see the error from AWS"
            }
        return .init(
            "AWS refused: \(code)" + (message.isEmpty ? "" : ": \(sanitized(message, limit: 200))"), hint: hint)
    }

    private func xml(_ name: String, _ text: String) -> String? {
        let parts = text.split(separator: "<\(name)>", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        return parts[1].split(separator: "<", maxSplits: 1).first.map(String.init)
    }

    private func value(in body: [UInt8], _ name: String) throws(SecretStores.Failure) -> Secret {
        let members = (try? JSONReader.members(of: body)) ?? []
        func secret(_ member: String) -> Secret? {
            members.first { $0.name == member }.flatMap { try? JSONReader.secret(of: body, in: $0.range) }
        }
        if let text = secret("SecretString") { return text }
        if let encoded = secret("SecretBinary"), let bytes = Base64.decode(encoded.reveal()) {
            return Secret(bytes: bytes)
        }
        throw .init("the response from AWS contains no secret", hint: "check the endpoint")
    }

    private func member(_ member: String, of whole: Secret, _ name: String) throws(SecretStores.Failure) -> Secret {
        var bytes = whole.withBytes { Array($0) }
        defer { wipe(&bytes) }
        let members = (try? JSONReader.members(of: bytes)) ?? []
        guard let range = members.first(where: { $0.name == member })?.range,
            let value = try? JSONReader.secret(of: bytes, in: range)
        else {
            throw .init(
                "the secret '\(sanitized(name, limit: 80))' is not a JSON object with a string '\(sanitized(member, limit: 40))'",
                hint: "omit #\(sanitized(member, limit: 40)) to use the whole secret")
        }
        return value
    }

    /// The authorization token of a container: EKS stores it in a file and rotates it; ECS sets a variable.
    private func containerToken() throws(SecretStores.Failure) -> Secret? {
        guard let path = setting("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return setting("AWS_CONTAINER_AUTHORIZATION_TOKEN").map { Secret($0) }
        }
        do throws(FileError) {
            return Secret(String(decoding: try File.read(path, limit: 65536), as: UTF8.self).trimmed)
        } catch {
            throw .init(
                "cannot read AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: \(error)",
                hint: "the container host sets this variable; check the configuration of the task or pod")
        }
    }

    private func credentials() async throws(SecretStores.Failure) -> Credentials {
        if let id = setting("AWS_ACCESS_KEY_ID"), let key = setting("AWS_SECRET_ACCESS_KEY") {
            return Credentials(id: id, key: Secret(key), token: setting("AWS_SESSION_TOKEN").map { Secret($0) })
        }
        let relative = setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map { "http://169.254.170.2" + $0 }
        guard let address = relative ?? setting("AWS_CONTAINER_CREDENTIALS_FULL_URI") else {
            throw .init(
                "AWS credentials are not set",
                hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        guard let url = try? HTTPURL(address),
            url.origin.scheme == "https" || url.origin.isLoopback
                || ["169.254.170.2", "169.254.170.23"].contains(url.host)
        else {
            throw .init(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is not an allowed URL",
                hint: "the container host sets this variable; unset your own value")
        }
        var request = Request(
            "GET", url, limits: .init(connect: .seconds(2), total: .seconds(5), responseInBytes: 1 << 16))
        request.isDirect = true
        if let token = try containerToken() {
            do { try request.headers.set("Authorization", token) } catch {
                throw .init(
                    "cannot send the authorization token of the container: \(error)",
                    hint: "the container host sets this token; check the configuration of the task or pod")
            }
        }
        guard let response = try? await transport.send(request), response.isSuccess,
            let body = try? JSONReader.parse(response.body), let id = body["AccessKeyId"]?.string,
            let key = body["SecretAccessKey"]?.string
        else {
            throw .init("the container host returned no AWS credentials", hint: "check the role of the task or pod")
        }
        return Credentials(id: id, key: Secret(key), token: body["Token"]?.string.map { Secret($0) })
    }
}

/// Parses a URL to which secrets are sent: https, or http on this machine.
func secretURL(_ text: String, _ name: String) throws(SecretStores.Failure) -> HTTPURL {
    guard let url = try? HTTPURL(text), url.origin.scheme == "https" || url.origin.isLoopback else {
        throw .init(
            "\(name) is not an https URL" + (text.contains("@") ? "" : ": \(sanitized(text, limit: 100))"),
            hint: "use https://")
    }
    return url
}

extension HTTPURL {
    fileprivate var appendingRoot: HTTPURL { path.isEmpty ? (try? appending("/")) ?? self : self }
}
