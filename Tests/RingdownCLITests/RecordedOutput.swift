import RingdownCLI
import RingdownCore

/// An output that keeps what was written.
final class RecordedOutput: Output, Sendable {
    private let bytes = Locked<[UInt8]>([])
    let isTerminal: Bool

    init(isTerminal: Bool = false) {
        self.isTerminal = isTerminal
    }

    func writeUnfiltered(_ new: [UInt8]) { bytes.withLock { $0 += new } }
    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}
