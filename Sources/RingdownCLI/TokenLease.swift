internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

/// A token for another program: in its environment as it is at the start, and in a file that is kept fresh.
final class TokenLease: Sendable {
    let client: APIClient
    private let file: String
    /// Every token that was leased, the newest last.
    private let tokens = Locked<[Token]>([])

    init(_ client: APIClient, file: String) {
        (self.client, self.file) = (client, file)
    }

    /// Requests the first token. Throws `TokenError`.
    func begin(minimumValidity: Duration) async throws {
        let token = try await client.token(minimumValidity: minimumValidity)
        tokens.withLock { $0 = [token] }
    }

    /// The names of ``variables``.
    static let names = ["ACCESS_TOKEN", "TOKEN_FILE", "TOKEN_EXPIRES_AT", "API_URL"]

    /// Names behind `RINGDOWN_`, and values.
    var variables: [String: String] {
        get async {
            guard let token = current else { return [:] }
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

    private var current: Token? { tokens.withLock { $0.last } }

    /// Writes the newest token into the file. Throws `FileError`.
    func write() throws(FileError) {
        guard let token = current else { return }
        var text = token.value.withBytes { Array($0) }
        defer { wipe(&text) }
        try File.replace(file, with: text)
    }

    /// Replaces the file whenever there is another token, which is well before the former one ends; until it is cancelled.
    func keep() async {
        let time = Context.current.time
        while !Task.isCancelled, let current {
            let left = current.remaining(at: time.now())
            guard (try? await time.sleep(for: min(max(left / 20, .seconds(0.2)), .seconds(30)))) != nil else { return }
            do {
                let token = try await client.token()
                if token.value == current.value { continue }
                tokens.withLock { $0.append(token) }
                try write()
            } catch is CancellationError { return } catch {
                Logger.current.warning("exec.stale", "the token file is not fresh: \(error)")
            }
        }
    }

    /// Ends every token of the lease that is not over yet, at the platform.
    func revoke() async throws {
        let now = Context.current.time.now()
        for token in tokens.withLock({ $0 }) where token.remaining(at: now) > .zero {
            _ = try await client.revoke(token.value)
        }
    }
}
