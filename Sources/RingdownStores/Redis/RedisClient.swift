internal import RingdownCore
package import RingdownCurl

/// Sends commands to a Redis server, one at a time, over one connection. A broken connection is reopened.
package final class RedisClient: Sendable {
    /// The reason why a command failed. It never contains the password.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
        /// Whether the server replied with an error.
        package let isRefusal: Bool
    }

    private let address: RedisAddress
    private let configuration: CurlTransport.Configuration
    private let connection = Locked<RawConnection?>(nil)

    /// Creates a client, which connects when the first command is sent.
    package init(_ address: RedisAddress, _ configuration: CurlTransport.Configuration) {
        (self.address, self.configuration) = (address, configuration)
    }

    /// Sends a command on its own thread and waits for the reply.
    ///
    /// - Throws: ``Failure`` if there is no reply, or if the server replies with an error.
    package func send(_ command: [[UInt8]]) async throws(Failure) -> RedisReply {
        guard let result = try? await Thread.run({ [self] in answer(command) }) else {
            throw Failure(description: "cannot create a thread", isRefusal: false)
        }
        return try result.get()
    }

    /// Sends a command that consists of text.
    package func send(_ command: String...) async throws(Failure) -> RedisReply {
        try await send(command.map { Array($0.utf8) })
    }

    /// Sends a command and blocks the calling thread for a few seconds at most. Returns nil if there is no reply.
    package func sendBlocking(_ command: [[UInt8]]) -> RedisReply? { try? answer(command).get() }

    private func answer(_ command: [[UInt8]]) -> Result<RedisReply, Failure> {
        connection.withLock { connection in
            // A connection that the server has closed fails on use, so the command is sent again on a new one.
            let isFresh = connection == nil
            let first = perform(command, &connection)
            guard case .failure(let failure) = first, !failure.isRefusal, !isFresh else { return first }
            return perform(command, &connection)
        }
    }

    private func perform(_ command: [[UInt8]], _ connection: inout RawConnection?) -> Result<RedisReply, Failure> {
        do throws(Failure) {
            let open = if let connection { connection } else { try connected() }
            connection = open
            return .success(try exchange(command, open))
        } catch {
            if !error.isRefusal { connection = nil }
            return .failure(error)
        }
    }

    private func connected() throws(Failure) -> RawConnection {
        let connection: RawConnection
        do throws(TransportError) { connection = try RawConnection(address.origin, configuration) } catch {
            throw Failure(description: "cannot connect to Redis: \(error)", isRefusal: false)
        }
        if let password = address.password {
            let words = [Array("AUTH".utf8)] + (address.user.map { [Array($0.utf8)] } ?? [])
            _ = try exchange(words + [password.withBytes { Array($0) }], connection)
        }
        if address.database != 0 {
            _ = try exchange([Array("SELECT".utf8), Array("\(address.database)".utf8)], connection)
        }
        return connection
    }

    private func exchange(_ command: [[UInt8]], _ connection: RawConnection) throws(Failure) -> RedisReply {
        var bytes = Array("*\(command.count)\r\n".utf8)
        for word in command { bytes += Array("$\(word.count)\r\n".utf8) + word + [0x0D, 0x0A] }
        defer { wipe(&bytes) }
        var received: [UInt8] = []
        let stranger = Failure(
            description: "\(address.origin.authority) is not a Redis server", isRefusal: false)
        connection.begin()
        do throws(TransportError) { try connection.send(bytes) } catch { throw unanswered(error) }
        while true {
            do throws(TransportError) { received += try connection.receive() } catch { throw unanswered(error) }
            let parsed: (reply: RedisReply, count: Int)?
            do throws(RedisReply.Malformed) { parsed = try RedisReply.parse(received) } catch { throw stranger }
            guard let reply = parsed?.reply else { continue }
            if case .error(let message) = reply {
                let said = sanitized(message, without: [address.password].compactMap { $0 }, limit: 200)
                throw Failure(description: "Redis refused: \(said)", isRefusal: true)
            }
            return reply
        }
    }

    private func unanswered(_ error: TransportError) -> Failure {
        Failure(description: "no reply from Redis: \(error)", isRefusal: false)
    }
}
