import RingdownCLI
import RingdownCore

/// An output that keeps what was written.
final class RecordedOutput: Output, Sendable {
    private let bytes = Locked<[UInt8]>([])
    /// The width of a terminal; nil for a file or a pipe.
    let columns: Int?
    var isTerminal: Bool { columns != nil }

    init(isTerminal: Bool = false) {
        columns = isTerminal ? 80 : nil
    }

    init(columns: Int?) {
        self.columns = columns
    }

    func writeUnfiltered(_ new: [UInt8]) { bytes.withLock { $0 += new } }
    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}
