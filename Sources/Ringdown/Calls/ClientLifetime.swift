internal import RingdownCore
internal import Synchronization

/// The lifetime of a client: its tasks, requests and sleeps, which end together.
final class ClientLifetime: Sendable {
    /// The tasks of the client.
    let tasks = TaskOwner()
    /// The requests of the client over a transport that can cancel them.
    let requests = CancellationGroup()
    private let isOver = Atomic(false)

    /// Checks that the client has not been shut down.
    ///
    /// - Throws: ``APIError`` with the code `ErrorCode.shutDown`.
    func check() throws(APIError) {
        guard isOver.load(ordering: .relaxed) else { return }
        throw APIError(.shutDown, "the client was shut down", hint: "create another client")
    }

    /// Ends all requests, sleeps and tasks. Further ones are cancelled when they start.
    func end() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        requests.cancelAll()
        tasks.cancelAll()
    }
}

/// A transport whose requests end with the client.
struct LifetimeTransport: Transport {
    private let transport: any Transport
    private let cancellable: (any CancellableTransport)?
    private let lifetime: ClientLifetime

    init(_ transport: any Transport, _ lifetime: ClientLifetime) {
        (self.transport, self.lifetime) = (transport, lifetime)
        cancellable = transport as? any CancellableTransport
    }

    func send(_ request: Request) async throws(TransportError) -> Response {
        if let cancellable { return try await cancellable.send(request, in: lifetime.requests) }
        return try await lifetime.tasks.run { [transport] () -> Result<Response, TransportError> in
            do throws(TransportError) { return .success(try await transport.send(request)) } catch {
                return .failure(error)
            }
        }.get()
    }
}

/// A clock whose sleeps end with the client.
struct LifetimeTime: TimeSource {
    private let time: any TimeSource
    private let lifetime: ClientLifetime

    init(_ time: any TimeSource, _ lifetime: ClientLifetime) {
        (self.time, self.lifetime) = (time, lifetime)
    }

    func now() -> Instant { time.now() }
    func glance() -> (uptime: Int64, wall: Int64) { time.glance() }
    func sleep(for duration: Duration) async throws {
        try await limited { [time] in try await time.sleep(for: duration) }
    }
    func passTimeLimit(_ duration: Duration) async throws {
        try await limited { [time] in try await time.passTimeLimit(duration) }
    }

    private func limited(_ sleep: @escaping @Sendable () async throws -> Void) async throws {
        try await lifetime.tasks.run {
            do { return Result<Void, any Error>.success(try await sleep()) } catch { return .failure(error) }
        }.get()
    }
}
