package import RingdownCore
package import RingdownOAuth

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Tokens in encrypted files of one directory, shared by the processes of a user.
///
/// One file for each key, replaced atomically, with a lock file beside it that is never deleted. A file that cannot be
/// read or decrypted is a miss. A directory that is not the user's own, or that others can write, is not used.
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
    /// A process that dies releases its lock; one that hangs delays the others no longer than a token request may take.
    private static let lockPatience: Duration = .seconds(30)

    /// `keys` are the texts of `RINGDOWN_CACHE_KEY`, separated by commas: the first encrypts, all decrypt. Without them a
    /// key file is made in the directory on first use. `account` says whose tokens these are, for who looks into the store.
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
            throw StoreCipher.Unusable(reason: "\(directory) is not a directory, or a symbolic link")
        }
        if information.st_uid != geteuid() {
            throw StoreCipher.Unusable(reason: "\(directory) belongs to someone else")
        }
        if information.st_mode & 0o022 != 0 {
            throw StoreCipher.Unusable(reason: "others can write to \(directory); chmod 700 it")
        }
        guard access(directory, W_OK) == 0 else {
            throw StoreCipher.Unusable(reason: "\(directory) cannot be written")
        }
        if let keyText, !keyText.isEmpty { return try StoreCipher(texts: keyText) }
        return try StoreCipher(keyFile: directory + "/key")
    }

    /// Says it once: what failed may work again later, and is tried again.
    private func warn(_ reason: String) {
        let isFirst = hasWarned.withLock { hasWarned in
            defer { hasWarned = true }
            return !hasWarned
        }
        guard isFirst else { return }
        Logger.current.warning("cache.unusable", "the token is not cached: \(reason)")
    }
}
