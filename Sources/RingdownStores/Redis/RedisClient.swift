internal import RingdownCore
package import RingdownCurl

/// Sends commands to a Redis server over one connection, which one thread owns.
///
/// The commands that are waiting when the thread is free are sent together, before the first reply (a pipeline). A broken connection
/// is reopened. Neither the caller nor a thread of the cooperative pool blocks.
package final class RedisClient: Sendable {
    /// The reason why a command failed. It never contains the password.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
        /// Whether the server replied with an error.
        package let isRefusal: Bool
    }

    private let commands = RedisQueue()
    private let worker: RedisWorker

    /// Creates a client, which connects when the first command is sent.
    package init(_ address: RedisAddress, _ configuration: CurlTransport.Configuration) {
        worker = RedisWorker(address, configuration, commands)
    }

    // The thread ends after the last reply.
    deinit { commands.close() }

    /// The number of commands that have not been sent.
    package var waitingCount: Int { commands.count }

    /// Sends a command and waits for the reply.
    ///
    /// - Parameter words: The words of the command.
    /// - Returns: The reply.
    /// - Throws: ``Failure`` if there is no reply, or if the server replies with an error.
    package func send(_ words: [[UInt8]]) async throws(Failure) -> RedisReply {
        let result = await withCheckedContinuation { continuation in
            let isFirst = commands.add(RedisCommand(words) { continuation.resume(returning: $0) })
            guard isFirst else { return }
            do throws(Thread.NotStarted) { try Thread(worker.run).detach() } catch {
                commands.hasNoThread()
                let failure = Failure(description: "\(error)", isRefusal: false)
                commands.takeAll().forEach { $0.end(.failure(failure)) }
            }
        }
        return try result.get()
    }

    /// Sends a command that consists of text.
    package func send(_ words: String...) async throws(Failure) -> RedisReply {
        try await send(words.map { Array($0.utf8) })
    }
}

/// The thread of a client, which sends its commands.
private final class RedisWorker: @unchecked Sendable {  // because only its thread uses the connection
    private let address: RedisAddress
    private let configuration: CurlTransport.Configuration
    private let commands: RedisQueue
    private var connection: RedisConnection?
    /// The maximum number of commands that are sent together.
    private static let limit = 256

    init(_ address: RedisAddress, _ configuration: CurlTransport.Configuration, _ commands: RedisQueue) {
        (self.address, self.configuration, self.commands) = (address, configuration, commands)
    }

    /// Sends commands until the client no longer exists.
    func run() {
        while let batch = commands.next(limit: Self.limit) { perform(batch) }
        connection = nil
    }

    private func perform(_ batch: [RedisCommand]) {
        var left = batch[...]
        while !left.isEmpty {
            // A connection that the server has closed fails on use, so the commands are sent again on a new one.
            let isReused = connection != nil
            do throws(RedisClient.Failure) {
                let open = if let connection { connection } else { try RedisConnection(address, configuration) }
                connection = open
                try open.exchange(&left)
            } catch {
                connection = nil
                if isReused { continue }
                // The next commands would wait for the same failure.
                for command in left + commands.takeAll() { command.end(.failure(error)) }
                return
            }
        }
    }
}
