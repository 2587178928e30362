package import RingdownCore
package import RingdownOAuth

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What is known of one file of a store, for who looks after it.
package struct StoredRecord: Sendable {
    package var name: String
    /// Whose token it is; nil where the record cannot be read.
    package var account: String?
    package var state: StoredState?
    /// Why it is a miss for everybody: nil for a good record.
    package var problem: String?
}

extension FileStore {
    /// Every record of the store. Throws `FileError` where the store itself cannot be used, with the reason.
    package func records(at now: Instant) throws(FileError) -> [StoredRecord] {
        guard let cipher = cipher() else { throw FileError(path: directory, code: EACCES, reason: "it cannot be used") }
        return recordNames.map { name in
            var record = StoredRecord(name: name)
            guard let sealed = try? File.read("\(directory)/\(name)", limit: 1 << 20, access: .ownersAlone) else {
                record.problem = "it cannot be read, or others can read it"
                return record
            }
            guard let tag = StoreCipher.tag(of: sealed), StoreCipher.name(tag: tag) == name else {
                record.problem = "it is not a record of this version, or has another's name"
                return record
            }
            guard var bytes = cipher.open(sealed) else {
                record.problem = "it was written with another key, or is damaged"
                return record
            }
            defer { wipe(&bytes) }
            guard let content = TokenRecord.decode(bytes, at: now) else {
                record.problem = "it is damaged"
                return record
            }
            (record.account, record.state) = (content.account, content.state)
            return record
        }
    }

    /// Forgets every token. The key, the locks and the ledger stay. Returns how many records there were.
    package func clear() -> Int {
        recordNames.count { unlink("\(directory)/\($0)") == 0 }
    }

    /// Records have names of 32 hexadecimal digits; nothing else in the directory has.
    private var recordNames: [String] {
        TemporaryDirectory.names(in: directory).filter { name in
            name.utf8.count == 32 && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
    }
}
