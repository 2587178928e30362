internal import Foundations

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The desktop's keyring, by the program that comes with it: libsecret's `secret-tool`, on macOS `security`.
enum Keyring {
    static func secret(_ account: String) -> Result<Secret, SecretStores.Failure> {
        guard !account.isEmpty, account.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .failure(
                .init(
                    "the name behind keyring: is empty, or holds a character that no name has",
                    hint: "write keyring:NAME"))
        }
        #if os(macOS)
            let command = ["security", "find-generic-password", "-s", "ringdown", "-a", account, "-w"]
            let storing = "security add-generic-password -s ringdown -a \(account) -w"
        #else
            let command = ["secret-tool", "lookup", "service", "ringdown", "account", account]
            let storing = "secret-tool store --label=ringdown service ringdown account \(account)"
        #endif
        let outcome: ProgramOutput
        do throws(FileError) { outcome = try ProgramOutput(of: command) } catch {
            return .failure(
                .init("the keyring cannot be asked: \(error)", hint: "install libsecret-tools, which has \(command[0])")
            )
        }
        defer { outcome.wipe() }
        if outcome.status != 0 || outcome.bytes.isEmpty {
            let said = outcome.errors.isEmpty ? "" : " (\(excerpt(outcome.errors, limit: 200)))"
            return .failure(.init("the keyring has no secret for '\(account)'\(said)", hint: "store it: \(storing)"))
        }
        // `security` ends it with a line break, `secret-tool` does not.
        let end = outcome.bytes.last == 0x0A ? outcome.bytes.count - 1 : outcome.bytes.count
        return .success(Secret(bytes: outcome.bytes[..<end]))
    }
}

/// What a program printed, and how it ended. Its standard input is empty.
final class ProgramOutput {
    private(set) var bytes: [UInt8] = []
    let errors: String
    let status: Int32

    /// Throws where the program cannot be started.
    init(of command: [String]) throws(FileError) {
        var (output, error) = ([Int32](repeating: -1, count: 2), [Int32](repeating: -1, count: 2))
        guard pipe(&output) == 0, pipe(&error) == 0 else { throw FileError(path: command[0], code: errno) }
        for end in output + error { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        posix_spawn_file_actions_adddup2(&actions, error[1], 2)
        let words = command.map { strdup($0) }
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        let result = posix_spawnp(&child, command[0], &actions, nil, words + [nil], environ)
        close(output[1])
        close(error[1])
        defer {
            close(output[0])
            close(error[0])
        }
        guard result == 0 else { throw FileError(path: command[0], code: result) }
        bytes = (try? File.read(output[0], path: command[0], limit: 64 << 10)) ?? []
        errors =
            String(decoding: (try? File.read(error[0], path: command[0], limit: 4096)) ?? [], as: UTF8.self).trimmed
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        self.status = status
    }

    func wipe() { Foundations.wipe(&bytes) }
}
