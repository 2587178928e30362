internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The desktop's keyring, by the program that comes with it: libsecret's `secret-tool`, on macOS `security`.
enum Keyring {
    static func secret(_ account: String) -> Result<Secret, SecretStores.Failure> {
        guard !account.isEmpty, !account.hasPrefix("-"), account.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .failure(
                .init(
                    "the name behind keyring: is empty, or holds a character that no name has",
                    hint: "write keyring:NAME"))
        }
        #if os(macOS)
            let command = ["security", "find-generic-password", "-s", "ringdown", "-a", account, "-w"]
            let storing = "security add-generic-password -s ringdown -a \(quoted(account)) -w"
        #else
            let command = ["secret-tool", "lookup", "service", "ringdown", "account", account]
            let storing = "secret-tool store --label=ringdown service ringdown account \(quoted(account))"
        #endif
        let outcome: ProgramOutput
        do throws(FileError) { outcome = try ProgramOutput(of: command) } catch {
            return .failure(
                .init("the keyring cannot be asked: \(error)", hint: "install libsecret-tools, which has \(command[0])")
            )
        }
        defer { outcome.wipe() }
        if outcome.isTooLong {
            return .failure(.init("the keyring's secret for '\(account)' is far too long", hint: "store the right one"))
        }
        // A secret that is not there is no error to the program: it says nothing.
        if outcome.status != 0, !outcome.errors.isEmpty || outcome.status & 0x7F != 0 {
            let said = outcome.errors.isEmpty ? "it was ended by signal \(outcome.status & 0x7F)" : outcome.errors
            return .failure(
                .init(
                    "the keyring cannot be asked: \(sanitized(said, limit: 200))",
                    hint: "it needs a session with an unlocked keyring: is DBUS_SESSION_BUS_ADDRESS set?"))
        }
        if outcome.status != 0 || outcome.bytes.isEmpty {
            return .failure(
                .init("the keyring has no secret for '\(account)', or is locked", hint: "store it: \(storing)"))
        }
        // `security` ends it with a line break, `secret-tool` does not.
        let end = outcome.bytes.last == 0x0A ? outcome.bytes.count - 1 : outcome.bytes.count
        return .success(Secret(bytes: outcome.bytes[..<end]))
    }
}

/// A word as a shell reads it, in quotes where it needs them.
private func quoted(_ word: String) -> String {
    if word.utf8.allSatisfy({ $0.isAlphanumeric || "._-@/".utf8.contains($0) }) { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// What a program printed, and how it ended. Its standard input is empty.
final class ProgramOutput {
    private(set) var bytes: [UInt8] = []
    let errors: String
    let status: Int32
    private(set) var isTooLong = false

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
        guard result == 0 else {
            close(output[0])
            close(error[0])
            throw FileError(path: command[0], code: result)
        }
        // Both at once, and whoever prints too much finds nobody who reads: the program cannot wait for us for ever.
        let said = Locked<[UInt8]>([])
        let reading = error[0]
        let listener = try? Thread {
            let bytes = (try? File.read(reading, path: "standard error", limit: 65536)) ?? []
            said.withLock { $0 = bytes }
            close(reading)
        }
        do throws(FileError) { bytes = try File.read(output[0], path: command[0], limit: 64 << 10) } catch {
            isTooLong = true
        }
        close(output[0])
        if let listener { listener.join() } else { close(reading) }
        errors = String(decoding: said.withLock { $0 }, as: UTF8.self).trimmed
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        self.status = status
    }

    func wipe() { RingdownCore.wipe(&bytes) }
}
