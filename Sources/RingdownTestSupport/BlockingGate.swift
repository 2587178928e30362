internal import RingdownCore

/// A gate that blocks threads until a test opens it, for servers of raw bytes.
package final class BlockingGate: Sendable {
    private let isOpen = Monitor(false)

    package init() {}

    /// Blocks the calling thread until the gate is open.
    package func pass() { isOpen.wait { $0 ? () : nil } }

    /// Opens the gate for all threads.
    package func open() { isOpen.change { $0 = true } }
}
