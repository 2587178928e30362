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
        let reading = error[0]
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let child: pid_t
        do throws(FileError) {
            defer { for end in [output[1], error[1], nothing] { close(end) } }
            child = try Subprocess.start(command, streams: [(nothing, 0), (output[1], 1), (error[1], 2)])
        } catch {
            close(output[0])
            close(reading)
            throw error
        }
        // Both pipes are read concurrently and closed at the limit, so that the program never blocks on a full pipe.
        let said = Locked<[UInt8]>([])
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
        status = Subprocess.wait(for: child) ?? 0
    }

    func wipe() { RingdownCore.wipe(&bytes) }
}
