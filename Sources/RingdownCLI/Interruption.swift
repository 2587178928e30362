internal import RingdownCore
internal import Synchronization

/// Cancels a command on the first signal, so that it ends in a consistent state. The next signal ends the process immediately.
enum Interruption {
    private static let isArmed = Atomic(false)

    /// Installs the handlers for SIGINT, SIGTERM and SIGHUP.
    static func arm() {
        guard !isArmed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        let signals = EndSignals()
        let watcher = try? Thread {
            signals.block()
            EndSignals.release()
            ThreadExecutor.interrupt()
        }
        watcher?.detach()
    }
}
