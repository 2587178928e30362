internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A client under test: a program that reads one command per line and answers each with one line of JSON.
final class ClientProcess: Sendable {
    /// The reason why the client did not answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        /// The last lines of the client's standard error.
        let lastWords: [String]
        /// Whether the client answered an earlier command.
        let hasAnswered: Bool
    }

    /// The maximum time to wait for an answer.
    private static let patience: Duration = .seconds(90)
    private let child: pid_t
    private let input: Int32
    private let output: Int32
    private let log: String
    private let rest = Locked<[UInt8]>([])
    private let hasAnswered = Locked(false)

    /// Starts the client.
    ///
    /// - Parameter log: The path of a file for the client's standard error.
    init(_ command: String, environment: [String: String], log: String) throws {
        let (theirInput, ourInput) = try pipeEnds()
        let (ourOutput, theirOutput) = try pipeEnds()
        let error = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { for descriptor in [theirInput, theirOutput, error] { close(descriptor) } }
        (input, output) = (ourInput, ourOutput)
        self.log = log
        child = try spawn(
            ["/bin/sh", "-c", "exec " + command], environment: environment,
            streams: [(theirInput, STDIN_FILENO), (theirOutput, STDOUT_FILENO), (error, STDERR_FILENO)])
    }

    /// Sends a command to the client and returns its answer.
    func ask(_ command: String) async throws -> JSON {
        // If the client no longer reads, its standard error may contain the reason.
        File.write(Array("\(command)\n".utf8), to: input)
        let line = try await withTaskCancellationHandler {
            try await Thread.run { [self] in self.line() }
        } onCancel: {
            kill(child, SIGKILL)
        }
        guard let line else { throw failure("no answer to '\(command)' within \(Self.patience.spoken)") }
        guard !line.isEmpty else { throw failure("it exited") }
        hasAnswered.withLock { $0 = true }
        guard let json = try? JSONReader.parse(line) else {
            throw failure("it answered '\(sanitized(line, limit: 80))'")
        }
        return json
    }

    /// A failure with the last lines of the client's standard error.
    func failure(_ description: String) -> Failure {
        Failure(description: description, lastWords: lastWords, hasAnswered: hasAnswered.withLock { $0 })
    }

    /// The end of the client's standard error: at most three lines and 300 bytes.
    private var lastWords: [String] {
        let descriptor = open(log, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        // For a smaller file this fails, and the whole file is read.
        lseek(descriptor, -4096, SEEK_END)
        let bytes = (try? File.read(descriptor, path: log)) ?? []
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.suffix(3)
        var (words, left): ([String], Int) = ([], 300)
        for line in lines.reversed() where left > 0 {
            let text = sanitized(line, limit: left)
            words.insert(text, at: 0)
            left -= text.utf8.count
        }
        return words
    }

    /// Closes the client's standard input, and kills the client if it does not exit within 3 seconds.
    func end() async {
        close(input)
        let (child, output) = (child, output)
        _ = try? await Thread.run {
            var (status, waited): (Int32, Duration) = (0, .zero)
            while waitpid(child, &status, WNOHANG) == 0, waited < .seconds(3) {
                usleep(2000)
                waited += .milliseconds(2)
                if waited == .seconds(3) { kill(child, SIGKILL) }
            }
            if waited >= .seconds(3) { waitpid(child, &status, 0) }
            close(output)
        }
    }

    /// Reads a line.
    ///
    /// - Returns: The line without its line feed; nil after a timeout; the remaining bytes if the client exited.
    private func line() -> [UInt8]? {
        let start = SystemTime().now().uptime
        var bytes = rest.withLock { rest in
            defer { rest = [] }
            return rest
        }
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            if let end = bytes.firstIndex(of: 0x0A) {
                let tail = Array(bytes[(end + 1)...])
                rest.withLock { $0 = tail }
                return Array(bytes[..<end])
            }
            let left = Self.patience - (SystemTime().now().uptime - start)
            var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard left > .zero, poll(&descriptor, 1, Int32(left.inSeconds * 1000)) != 0 else { return nil }
            let count = read(output, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
        }
    }
}

/// Creates a pipe that child processes do not inherit.
func pipeEnds() throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw FileError(path: "a pipe", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}
