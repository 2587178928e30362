package import RingdownCore
package import RingdownOAuth

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The description of one file of a store, for commands that manage the store.
package struct StoredRecord: Sendable {
    /// The name of the file.
    package var name: String
    /// The name of the account; nil if the record cannot be read.
    package var account: String?
    /// The token and backoff state; nil if the record cannot be read.
    package var state: StoredState?
    /// The reason why the record is unusable; nil for a valid record.
    package var problem: String?
}

extension FileStore {
    /// Returns every record of the store.
    ///
    /// - Throws: `FileError` if the store itself is unusable.
    package func records(at now: Instant) throws(FileError) -> [StoredRecord] {
        guard let cipher = cipher() else { throw FileError(path: directory, code: EACCES, reason: "unusable store") }
        return recordNames.map { name in
            var record = StoredRecord(name: name)
            guard let sealed = try? File.read("\(directory)/\(name)", limit: 1 << 20, access: .ownersAlone) else {
                record.problem = "unreadable, or readable by other users"
                return record
            }
            guard let tag = StoreCipher.tag(of: sealed), StoreCipher.name(tag: tag) == name else {
                record.problem = "written by another version, or stored under another name"
                return record
            }
            guard var bytes = cipher.open(sealed) else {
                record.problem = "written with another key, or damaged"
                return record
            }
            defer { wipe(&bytes) }
            guard let content = TokenRecord.decode(bytes, at: now) else {
                record.problem = "damaged"
                return record
            }
            (record.account, record.state) = (content.account, content.state)
            return record
        }
    }

    /// Deletes every token, but not the key, the lock files and the request log. Returns the number of deleted records.
    package func clear() -> Int {
        recordNames.count { unlink("\(directory)/\($0)") == 0 }
    }

    /// The names of all records: 32 hexadecimal digits, unlike any other file in the directory.
    private var recordNames: [String] {
        TemporaryDirectory.names(in: directory).filter { name in
            name.utf8.count == 32 && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
    }
}
