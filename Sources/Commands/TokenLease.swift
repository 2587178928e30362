internal import ContactCenter
internal import Foundations
internal import Tokens

/// A token for another program: in its environment as it is now, and in a file that is kept fresh.
struct TokenLease {
    let client: APIClient
    let token: Token
    private let file: String

    /// Requests the token and writes the file. Throws `TokenError` and `FileError`.
    init(_ client: APIClient, minTTL: Duration, file: String) async throws {
        (self.client, self.file) = (client, file)
        token = try await client.token(minTTL: minTTL)
        try Self.write(token, file)
    }

    /// Names behind `RINGDOWN_`, and values.
    var variables: [String: String] {
        get async {
            var variables = [
                "ACCESS_TOKEN": token.value.reveal(), "TOKEN_FILE": file,
                "TOKEN_EXPIRES_AT": token.isLifetimeKnown ? token.expiry.rfc3339 : "",
            ]
            // The custom platform may be there for tokens only.
            if let base = try? await client.baseURL() {
                let text = "\(base)"
                variables["API_URL"] = text.hasSuffix("/") ? String(text.dropLast()) : text
            }
            return variables
        }
    }

    /// Replaces the file whenever there is another token, which is well before the former one ends; until it is cancelled.
    func keep() async {
        var current = token
        let time = Context.current.time
        while !Task.isCancelled {
            let left = current.remaining(at: time.now())
            guard (try? await time.sleep(for: min(max(left / 20, .seconds(0.2)), .seconds(30)))) != nil else { return }
            do {
                let token = try await client.token()
                if token.value == current.value { continue }
                try Self.write(token, file)
                current = token
            } catch is CancellationError { return } catch {
                Logger.current.warning("exec.stale", "the token file is not fresh: \(error)")
            }
        }
    }

    private static func write(_ token: Token, _ file: String) throws(FileError) {
        var text = token.value.withBytes { Array($0) }
        defer { wipe(&text) }
        try File.replace(file, with: text)
    }
}
