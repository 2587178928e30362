internal import RingdownCore
internal import Synchronization

/// Lets a command that is interrupted end where nothing is half done: the first signal cancels it, the next one ends the process.
enum Interruption {
    private static let isArmed = Atomic(false)

    /// From now on SIGINT, SIGTERM and SIGHUP cancel the command.
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
