internal import CZlib

/// A decoder for a body with `Content-Encoding: gzip`. libcurl's own decoder accepts a truncated body.
final class GzipDecoder {
    enum Outcome: Equatable {
        case complete, incomplete, malformed, stopped
    }

    private let inflater: OpaquePointer
    /// Whether the bytes decoded so far are a complete body.
    private(set) var isComplete = false

    /// Whether zlib can be loaded. Otherwise requests do not ask for compressed bodies.
    static var isAvailable: Bool { zlib_open() == nil }

    /// Returns nil if zlib is not available.
    init?() {
        guard Self.isAvailable, let inflater = rd_inflater_new() else { return nil }
        self.inflater = inflater
    }

    deinit { rd_inflater_free(inflater) }

    /// Decodes a part of the body.
    ///
    /// - Parameters:
    ///   - bytes: The part.
    ///   - receive: Receives the decoded bytes. Returns false to stop.
    func decode(_ bytes: UnsafeRawBufferPointer, _ receive: (UnsafeRawBufferPointer) -> Bool) -> Outcome {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return isComplete ? .complete : .incomplete }
        let result = withoutActuallyEscaping(receive) { receive in
            withUnsafePointer(to: Receiver(receive: receive)) { receiver in
                rd_inflater_decode(inflater, start, bytes.count, UnsafeMutableRawPointer(mutating: receiver)) {
                    context, part, count in
                    guard let context else { return 0 }
                    let receiver = context.assumingMemoryBound(to: Receiver.self).pointee
                    return receiver.receive(UnsafeRawBufferPointer(start: part, count: count)) ? 1 : 0
                }
            }
        }
        isComplete = result == 1
        return switch result {
        case 1: .complete
        case 0: .incomplete
        case -2: .stopped
        default: .malformed
        }
    }

    private struct Receiver {
        let receive: (UnsafeRawBufferPointer) -> Bool
    }
}
