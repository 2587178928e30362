internal import Ringdown
internal import RingdownCore
internal import RingdownOAuth

/// A token for another program: in its environment as of the start, and in a file that is refreshed.
final class TokenLease: Sendable {
    let client: APIClient
    private let file: String
    /// All leased tokens, the newest last.
    private let tokens = Locked<[Token]>([])

    init(_ client: APIClient, file: String) {
        (self.client, self.file) = (client, file)
    }

    /// Requests the first token.
    ///
    /// - Parameter minimumValidity: The minimum remaining validity of the token.
    /// - Throws: `TokenError` if no token is available.
    func begin(minimumValidity: Duration) async throws {
        let token = try await client.token(minimumValidity: minimumValidity)
        tokens.withLock { $0 = [token] }
    }

    /// The names of ``variables``.
    static let names = ["ACCESS_TOKEN", "TOKEN_FILE", "TOKEN_EXPIRES_AT", "API_URL"]

    /// The environment variables: names without the prefix `RINGDOWN_`, and values.
    var variables: [String: String] {
        get async {
            guard let token = current else { return [:] }
            var variables = [
                "ACCESS_TOKEN": token.value.reveal(), "TOKEN_FILE": file,
                "TOKEN_EXPIRES_AT": token.isLifetimeKnown ? token.expiry.rfc3339 : "",
            ]
            // The custom platform may have no API.
            if let base = try? await client.baseURL() {
                let text = "\(base)"
                variables["API_URL"] = text.hasSuffix("/") ? String(text.dropLast()) : text
            }
            return variables
        }
    }

    private var current: Token? { tokens.withLock { $0.last } }

    /// Writes the newest token to the file.
    ///
    /// - Throws: `FileError` if the file cannot be written.
    func write() throws(FileError) {
        guard let token = current else { return }
        var text = token.value.withBytes { Array($0) }
        defer { wipe(&text) }
        try File.replace(file, with: text)
    }

    /// Updates the file whenever the token is refreshed, which is well before the former token expires. Runs until it is cancelled.
    func keep() async {
        let time = Context.current.time
        var schedule = RenewalSchedule(shortest: .seconds(0.2))
        while !Task.isCancelled, let current {
            let pause = schedule.pause(after: current, at: time.now(), draw: .random(in: 0..<1))
            guard (try? await time.sleep(for: pause)) != nil else { return }
            do {
                let token = try await client.token()
                if token.value == current.value { continue }
                tokens.withLock { $0.append(token) }
                try write()
            } catch is CancellationError { return } catch {
                Logger.current.warning("exec.stale", "cannot refresh the token file: \(error)")
            }
        }
    }

    /// Revokes all leased tokens that have not expired.
    func revoke() async throws {
        let now = Context.current.time.now()
        for token in tokens.withLock({ $0 }) where token.remaining(at: now) > .zero {
            _ = try await client.revoke(token.value)
        }
    }
}
