package import RingdownCore
package import RingdownOAuth

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A token store of encrypted files in one directory, shared by the processes of a user.
///
/// Each key has one file, which is replaced atomically, and a lock file, which is never deleted. A file that cannot be
/// read or decrypted is a cache miss. A directory that another user owns or can write is not used.
package final class FileStore: TokenStore {
    private enum State {
        case untried
        case ready(StoreCipher)
        case unusable
    }

    let directory: String
    private let account: String
    private let keyText: Secret?
    private let state = Locked<State>(.untried)
    private let hasWarned = Locked(false)
    private let reader: SealedRecordReader
    /// A process that exits releases its lock. A process that hangs delays the others for the duration of a token request at most.
    private static let lockPatience: Duration = .seconds(30)

    /// Creates a store. The directory is created on first use.
    ///
    /// - Parameters:
    ///   - directory: The path of the directory.
    ///   - account: The name of the account that owns the tokens, for listings of the store.
    ///   - keys: The value of `RINGDOWN_CACHE_KEY`: keys of any length, separated by commas. The first key encrypts, all keys
    ///     decrypt. If it is nil, a key file is created in the directory on first use.
    package init(directory: String, account: String = "", keys: Secret? = nil) {
        self.directory = directory
        self.account = account
        keyText = keys
        reader = SealedRecordReader(place: directory)
    }

    package func named(_ kind: String) -> any TokenStore {
        FileStore(directory: directory, account: "\(account) (\(kind))", keys: keyText)
    }

    package func load(_ key: CacheKey, at now: Instant) async -> StoredState? {
        guard let cipher = cipher() else { return nil }
        for name in cipher.names(of: key) {
            guard let sealed = try? File.read("\(directory)/\(name)", limit: 1 << 20, access: .ownersAlone) else {
                continue
            }
            return reader.state(in: sealed, for: key, cipher, at: now)
        }
        return nil
    }

    package func save(_ state: StoredState, for key: CacheKey) async {
        guard let cipher = cipher() else { return }
        if state == StoredState() { return await remove(key) }
        var record = TokenRecord.encode(state, account: account)
        defer { wipe(&record) }
        do { try File.replace(path(key, cipher), with: cipher.seal(record, for: key)) } catch {
            warn("\(error)")
        }
    }

    package func remove(_ key: CacheKey) async {
        guard let cipher = cipher() else { return }
        for name in cipher.names(of: key) { unlink("\(directory)/\(name)") }
    }

    package func lock(_ key: CacheKey, time: any TimeSource, isWaiting: Bool) async -> LockOutcome {
        guard let cipher = cipher() else { return .unavailable }
        guard let lock = FileLock(path: path(key, cipher) + ".lock") else { return .unavailable }
        switch lock.take() {
        case true: return .locked(StoreLock(onRelease: lock.release))
        case false where isWaiting:
            return await lock.wait(Self.lockPatience, time) ? .locked(StoreLock(onRelease: lock.release)) : .unavailable
        case let isFree:
            lock.release()
            return isFree == false ? .taken : .unavailable
        }
    }

    package func note(_ record: TokenRequestRecord) async {
        guard cipher() != nil else { return }
        do { try RequestLog(directory: directory).add(record) } catch { warn("\(error)") }
    }

    package func pause(_ key: CacheKey) async -> Timestamp? {
        guard let cipher = cipher(),
            let sealed = try? File.read(path(key, cipher) + ".pause", limit: 4096, access: .ownersAlone)
        else { return nil }
        return reader.pause(in: sealed, for: key, cipher)
    }

    package func pause(_ key: CacheKey, until end: Timestamp) async {
        guard let cipher = cipher() else { return }
        let sealed = cipher.seal(PauseRecord.encode(end), for: PauseRecord.key(key))
        do { try File.replace(path(key, cipher) + ".pause", with: sealed) } catch { warn("\(error)") }
    }

    private func path(_ key: CacheKey, _ cipher: StoreCipher) -> String {
        "\(directory)/\(cipher.names(of: key)[0])"
    }

    func cipher() -> StoreCipher? {
        let (cipher, failure) = state.withLock { state -> (StoreCipher?, String?) in
            switch state {
            case .ready(let cipher): return (cipher, nil)
            case .unusable: return (nil, nil)
            case .untried: break
            }
            do throws(StoreCipher.Unusable) {
                let cipher = try prepare()
                state = .ready(cipher)
                return (cipher, nil)
            } catch {
                state = .unusable
                return (nil, error.reason)
            }
        }
        if let failure { warn(failure) }
        return cipher
    }

    private func prepare() throws(StoreCipher.Unusable) -> StoreCipher {
        do throws(FileError) { try File.makeDirectory(directory) } catch {
            throw StoreCipher.Unusable(reason: "\(error)")
        }
        var information = stat()
        guard lstat(directory, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
            throw StoreCipher.Unusable(reason: "\(directory) is a symbolic link or is not a directory")
        }
        if information.st_uid != geteuid() {
            throw StoreCipher.Unusable(reason: "\(directory) is owned by another user")
        }
        if information.st_mode & 0o022 != 0 {
            throw StoreCipher.Unusable(reason: "other users can write to \(directory); set its permissions to 700")
        }
        guard access(directory, W_OK) == 0 else {
            throw StoreCipher.Unusable(reason: "\(directory) is not writable")
        }
        if let keyText, !keyText.isEmpty { return try StoreCipher(texts: keyText) }
        return try StoreCipher(keyFile: directory + "/key")
    }

    /// Logs the first failure only. The store keeps trying, since a failure can be temporary.
    private func warn(_ reason: String) {
        let isFirst = hasWarned.withLock { hasWarned in
            defer { hasWarned = true }
            return !hasWarned
        }
        guard isFirst else { return }
        Logger.current.warning("cache.unusable", "the token is not cached: \(reason)")
    }
}
