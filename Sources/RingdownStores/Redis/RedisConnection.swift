internal import RingdownCore
internal import RingdownCurl

/// A command, and the function that receives its result.
struct RedisCommand: Sendable {
    /// The command in the Redis protocol (RESP2).
    let bytes: [UInt8]
    /// Called once with the reply or the error.
    let end: @Sendable (Result<RedisReply, RedisClient.Failure>) -> Void

    /// Creates a command.
    ///
    /// - Parameters:
    ///   - words: The words of the command.
    ///   - end: The function that receives the result.
    init(_ words: [[UInt8]], end: @escaping @Sendable (Result<RedisReply, RedisClient.Failure>) -> Void) {
        bytes = words.reduce(into: Array("*\(words.count)\r\n".utf8)) {
            $0 += Array("$\($1.count)\r\n".utf8) + $1 + [0x0D, 0x0A]
        }
        self.end = end
    }
}

/// An open connection to a Redis server, after authentication.
///
/// All methods block. Only the thread that owns the connection calls them.
final class RedisConnection {
    private let connection: RawConnection
    private let authority: String
    private let password: Secret?

    /// Connects, authenticates and selects the database.
    ///
    /// - Throws: `RedisClient.Failure` if the server is unreachable or refuses the credentials.
    init(_ address: RedisAddress, _ configuration: CurlTransport.Configuration) throws(RedisClient.Failure) {
        (authority, password) = (address.origin.authority, address.password)
        do throws(TransportError) { connection = try RawConnection(address.origin, configuration) } catch {
            throw RedisClient.Failure(description: "cannot connect to Redis: \(error)", isRefusal: false)
        }
        if let password {
            let words = [Array("AUTH".utf8)] + (address.user.map { [Array($0.utf8)] } ?? [])
            try require(words + [password.withBytes { Array($0) }])
        }
        if address.database != 0 { try require([Array("SELECT".utf8), Array("\(address.database)".utf8)]) }
    }

    /// Sends a command that the connection requires.
    private func require(_ words: [[UInt8]]) throws(RedisClient.Failure) {
        let result = Locked<Result<RedisReply, RedisClient.Failure>?>(nil)
        var batch = [RedisCommand(words) { reply in result.withLock { $0 = reply } }][...]
        try exchange(&batch)
        _ = try result.withLock { $0 }?.get()
    }

    /// Sends commands together and ends each with its reply.
    ///
    /// - Parameter commands: The commands. Those with a reply are removed.
    /// - Throws: `RedisClient.Failure` if the connection cannot be used any more.
    func exchange(_ commands: inout ArraySlice<RedisCommand>) throws(RedisClient.Failure) {
        var bytes = commands.flatMap(\.bytes)
        defer { wipe(&bytes) }
        connection.begin()
        do throws(TransportError) { try connection.send(bytes) } catch { throw unanswered(error) }
        var (received, position): ([UInt8], Int) = ([], 0)
        while let command = commands.first {
            let parsed: (reply: RedisReply, count: Int)?
            do throws(RedisReply.Malformed) { parsed = try RedisReply.parse(received, from: position) } catch {
                throw stranger
            }
            guard let (reply, count) = parsed else {
                do throws(TransportError) { received += try connection.receive() } catch { throw unanswered(error) }
                continue
            }
            position += count
            commands.removeFirst()
            command.end(result(reply))
        }
        // Bytes without a command would be taken for the reply to the next one.
        if position < received.count { throw stranger }
    }

    private func result(_ reply: RedisReply) -> Result<RedisReply, RedisClient.Failure> {
        guard case .error(let message) = reply else { return .success(reply) }
        let said = sanitized(message, without: [password].compactMap { $0 }, limit: 200)
        return .failure(RedisClient.Failure(description: "Redis refused: \(said)", isRefusal: true))
    }

    private var stranger: RedisClient.Failure {
        RedisClient.Failure(description: "\(authority) is not a Redis server", isRefusal: false)
    }

    private func unanswered(_ error: TransportError) -> RedisClient.Failure {
        RedisClient.Failure(description: "no reply from Redis: \(error)", isRefusal: false)
    }
}
