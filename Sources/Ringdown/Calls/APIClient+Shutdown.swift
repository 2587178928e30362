internal import RingdownCore
internal import RingdownCurl

extension APIClient {
    /// Ends all calls and waits of the client, and waits until its tasks have finished.
    ///
    /// Calls in progress throw `CancellationError`, whether they wait for a token, a secret, a rate limit, a retry or a response. Later
    /// calls throw ``APIError`` with the code `ErrorCode.shutDown`. A transport or a store that was given to the client stays
    /// usable by other clients.
    ///
    /// ```swift
    /// let client = try APIClient(.environment)
    /// try await run(client)
    /// await client.shutdown()
    /// ```
    public func shutdown() async {
        tokens.shutDown()
        scheduler.shutDown()
        lifetime.end()
        profile.deferred?.shutDown()
        await lifetime.tasks.finished()
        await ownTransport?.shutdown()
    }
}
