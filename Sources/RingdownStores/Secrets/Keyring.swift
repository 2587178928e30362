internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The desktop keyring, read with libsecret's `secret-tool` on Linux and with `security` on macOS.
enum Keyring {
    static func secret(_ account: String) -> Result<Secret, SecretStores.Failure> {
        guard !account.isEmpty, !account.hasPrefix("-"), account.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return .failure(
                .init(
                    "the name after 'keyring:' is empty or contains an invalid character",
                    hint: "write keyring:NAME, in printable ASCII without spaces"))
        }
        #if os(macOS)
            let command = ["security", "find-generic-password", "-s", "ringdown", "-a", account, "-w"]
            let storing = "security add-generic-password -s ringdown -a \(shellWord(account)) -w"
        #else
            let command = ["secret-tool", "lookup", "service", "ringdown", "account", account]
            let storing = "secret-tool store --label=ringdown service ringdown account \(shellWord(account))"
        #endif
        let outcome: ProgramOutput
        do throws(FileError) { outcome = try ProgramOutput(of: command) } catch {
            return .failure(
                .init("cannot query the keyring: \(error)", hint: "install libsecret-tools, which has \(command[0])")
            )
        }
        defer { outcome.wipe() }
        if outcome.isTooLong {
            return .failure(
                .init("the keyring secret for '\(account)' is too long (limit: 64 KiB)", hint: "store a shorter one"))
        }
        // For a missing secret the program prints no error.
        if outcome.status != 0, !outcome.errors.isEmpty || outcome.status & 0x7F != 0 {
            let said = outcome.errors.isEmpty ? "terminated by signal \(outcome.status & 0x7F)" : outcome.errors
            return .failure(
                .init(
                    "cannot query the keyring: \(sanitized(said, limit: 200))",
                    hint: "unlock the keyring, and check that DBUS_SESSION_BUS_ADDRESS is set"))
        }
        if outcome.status != 0 || outcome.bytes.isEmpty {
            return .failure(
                .init("the keyring is locked or has no secret for '\(account)'", hint: "store it: \(storing)"))
        }
        // `security` appends a line break; `secret-tool` does not.
        let end = outcome.bytes.last == 0x0A ? outcome.bytes.count - 1 : outcome.bytes.count
        return .success(Secret(bytes: outcome.bytes[..<end]))
    }
}

/// The output and the exit status of a program that ran with an empty standard input.
final class ProgramOutput {
    private(set) var bytes: [UInt8] = []
    let errors: String
    let status: Int32
    private(set) var isTooLong = false

    /// - Throws: `FileError` if the program cannot be started.
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
        // Both pipes are read concurrently and closed at the limit, so that the program never blocks on a full pipe.
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
