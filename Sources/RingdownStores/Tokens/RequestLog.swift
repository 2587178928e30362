internal import RingdownCore
package import RingdownOAuth

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The request log: a line of JSON for each token request that the processes of a user made. Its size is bounded.
package struct RequestLog: Sendable {
    private static let limitInBytes = 256 << 10
    private let path: String
    private var former: String { path + ".1" }

    /// The ledger of a store's directory.
    package init(directory: String) {
        path = directory + "/requests"
    }

    /// Adds a line; once the file is full it becomes the former one, in place of the one before it.
    func add(_ record: TokenRequestRecord) throws(FileError) {
        var information = stat()
        if lstat(path, &information) == 0, information.st_size > Self.limitInBytes { rename(path, former) }
        let descriptor = try File.openOwn(path, O_WRONLY | O_APPEND)
        defer { close(descriptor) }
        // One write for the whole line, so that lines of several processes do not mix.
        if let code = File.write(record.json.bytes() + [0x0A], to: descriptor) {
            throw FileError(path: path, code: code)
        }
    }

    /// All token requests that are on record, the oldest first. What cannot be read is left out.
    package func records() -> [TokenRequestRecord] {
        [former, path].flatMap { path -> [TokenRequestRecord] in
            let bytes = (try? File.read(path, limit: 2 * Self.limitInBytes, access: .ownersAlone)) ?? []
            return bytes.split(separator: 0x0A).compactMap { line in
                (try? JSONReader.parse(Array(line))).flatMap(TokenRequestRecord.init)
            }
        }
    }
}
