internal import RingdownCore
package import RingdownOAuth

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A log with one line of JSON for each token request of a user's processes. Its size is bounded.
package struct RequestLog: Sendable {
    private static let limitInBytes = 256 << 10
    private let path: String
    private var former: String { path + ".1" }

    /// Opens the request log in the directory of a store.
    package init(directory: String) {
        path = directory + "/requests"
    }

    /// Appends a line. A full file is renamed first and replaces the previous one.
    func add(_ record: TokenRequestRecord) throws(FileError) {
        var information = stat()
        if lstat(path, &information) == 0, information.st_size > Self.limitInBytes { rename(path, former) }
        let descriptor = try File.openOwn(path, O_WRONLY | O_APPEND)
        defer { close(descriptor) }
        // A single write per line, so that lines of several processes do not interleave.
        if let code = File.write(record.json.bytes() + [0x0A], to: descriptor) {
            throw FileError(path: path, code: code)
        }
    }

    /// Returns all recorded token requests, oldest first. Unreadable lines are skipped.
    package func records() -> [TokenRequestRecord] {
        [former, path].flatMap { path -> [TokenRequestRecord] in
            let bytes = (try? File.read(path, limit: 2 * Self.limitInBytes, access: .ownersAlone)) ?? []
            return bytes.split(separator: 0x0A).compactMap { line in
                (try? JSONReader.parse(Array(line))).flatMap(TokenRequestRecord.init)
            }
        }
    }
}
