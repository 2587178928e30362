internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The position in a list, stored in a file. The file is written before the first page and after each page, and removed at the end.
struct Checkpoint {
    /// The version of the file's format.
    private static let version = 2

    /// An identification of the list, so that the file is not used for another list.
    let subject: String
    /// The calls that remain.
    var remaining: [APICall]
    /// The identities of the last page's items, to detect duplicates if the list has shifted.
    var recent: [String]
    /// The progress of the first remaining list.
    var progress = ListProgress()
    /// The number of items written.
    var items: Int
    /// The columns, if they come from the first page.
    var columns: [String]?
    /// The members of later items that have no column.
    var lateMembers: [String] = []
    /// The length of the output in bytes, if it is a file.
    var outputLength: Int?

    /// Parses the content of a position file.
    ///
    /// - Returns: The position; nil if the file is new.
    /// - Throws: `ConfigurationError` if the file is not a position file, or belongs to another list.
    static func read(_ file: PositionFile, subject: String) throws -> Checkpoint? {
        let bytes = file.content
        if bytes.isEmpty { return nil }
        func failure(_ reason: String) -> ConfigurationError {
            ConfigurationError(
                "\(sanitized(file.path)) \(reason)",
                hint: "use another file with --resume, or delete this one to start over")
        }
        guard let json = try? JSONReader.parse(bytes), json["ringdown"]?.string == "checkpoint" else {
            throw failure("is not a position file")
        }
        guard json["version"]?.int == version else { throw failure("was written by another version") }
        guard let calls = json["remaining"]?.array, let items = json["items"]?.count,
            let progress = json["progress"].flatMap({ ListProgress($0) }),
            json["outputLength"]?.int.map({ $0 >= 0 }) ?? true
        else { throw failure("is damaged") }
        guard json["subject"]?.string == subject else {
            throw failure("is the position of another list: \(sanitized(json["subject"]?.string ?? "", limit: 120))")
        }
        return Checkpoint(
            subject: subject, remaining: try calls.map { try call($0) ?? { throw failure("is damaged") }() },
            recent: json["recent"]?.array?.compactMap(\.string) ?? [], progress: progress, items: items,
            columns: json["columns"]?.array?.compactMap(\.string),
            lateMembers: json["lateMembers"]?.array?.compactMap(\.string) ?? [], outputLength: json["outputLength"]?.int
        )
    }

    private static func call(_ json: JSON) -> APICall? {
        guard let method = json["method"]?.string, let path = json["path"]?.string else { return nil }
        guard let body = json["body"] else { return APICall(method, path) }
        return APICall(method, path, json: body)
    }

    /// The content of the position file.
    var bytes: [UInt8] {
        let calls = remaining.map { call -> JSON in
            let body = call.body.isEmpty ? nil : try? JSONReader.parse(call.body)
            return ["method": .string(call.method), "path": .string(call.path), "body": body ?? .null]
        }
        let json: JSON = [
            "ringdown": "checkpoint", "version": .int(Self.version), "subject": .string(subject), "items": .int(items),
            "outputLength": outputLength.map { .int($0) } ?? .null, "remaining": .array(calls),
            "recent": .array(recent.map { .string($0) }), "progress": progress.json,
            "lateMembers": .array(lateMembers.map { .string($0) }),
            "columns": columns.map { .array($0.map { .string($0) }) } ?? .null,
        ]
        return json.bytes()
    }
}

/// Standard output, if it is a file: its length, and truncation to a position.
enum OutputFile {
    /// The length in bytes; nil if standard output is a pipe or a terminal.
    static var length: Int? {
        var information = stat()
        guard fstat(STDOUT_FILENO, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(information.st_size)
    }

    /// Truncates the file to `wanted` bytes, the length at the checkpoint.
    ///
    /// - Throws: `ConfigurationError` if it is not the file that was written before.
    static func cut(to wanted: Int) throws(ConfigurationError) {
        guard let length else { return }
        guard length >= wanted, ftruncate(STDOUT_FILENO, off_t(wanted)) == 0,
            lseek(STDOUT_FILENO, off_t(wanted), SEEK_SET) >= 0
        else {
            throw ConfigurationError(
                "the output has \(length) bytes, but \(wanted) were written before",
                hint: "append to the same file: '>> FILE' instead of '> FILE'")
        }
    }
}
