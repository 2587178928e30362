internal import CCurl
internal import Foundations
internal import HTTPModel
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The one thread that touches libcurl. Others hand it messages; it answers through continuations.
final class CurlLoop: @unchecked Sendable {  // because everything but the inbox belongs to the loop's thread
    enum Message {
        case start(Transfer)
        case cancel(Transfer)
        case stop
    }

    private let multi: OpaquePointerBox
    private let inbox = Locked<[Message]>([])
    private let isAsleep = Atomic(false)

    /// Transfers that libcurl works on, by the address of their handle.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Handles to use again: a new one costs more than a request on loopback.
    private var idle: [UnsafeMutableRawPointer] = []
    private static let idleLimit = 64

    init() throws(TransportError) {
        if let failure = curl_open() {
            throw TransportError(
                .setup, place: "libcurl", message: "it cannot be loaded: \(String(cString: failure)); install libcurl4"
            )
        }
        guard let multi = rd_multi_init() else {
            throw TransportError(.setup, place: "libcurl", message: "out of memory")
        }
        self.multi = OpaquePointerBox(multi)
        _ = rd_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, 128)
        startThread()
    }

    /// From any thread.
    func post(_ message: Message) {
        inbox.withLock { $0.append(message) }
        // Waking costs a system call and is needed only while the loop waits for the network.
        if isAsleep.load(ordering: .sequentiallyConsistent) { _ = rd_multi_wakeup(multi.pointer) }
    }

    /// From any thread: ends the loop once its messages are done; transfers under way fail as cancelled.
    func stop() {
        post(.stop)
    }

    private func startThread() {
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        // The thread owns one reference to the loop and releases it when `run` returns.
        let result = pthread_create(
            &thread, nil,
            { context in
                #if canImport(Glibc)
                    guard let context else { return nil }
                #endif
                Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque()
        )
        precondition(result == 0, "no thread could be started")
        #if canImport(Glibc)
            pthread_detach(thread)
        #else
            if let thread { pthread_detach(thread) }
        #endif
    }

    private func run() {
        var running: Int32 = 0
        while handleMessages() {
            _ = rd_multi_perform(multi.pointer, &running)
            let finished = collectFinished()
            if finished { continue }
            isAsleep.store(true, ordering: .sequentiallyConsistent)
            // A message posted before the flag was up woke nobody: look once more.
            if inbox.withLock({ $0.isEmpty }) { _ = rd_multi_poll(multi.pointer, 60_000) }
            isAsleep.store(false, ordering: .sequentiallyConsistent)
        }
        for transfer in active.values { finish(transfer, .failure(transfer.cancelled)) }
        idle.forEach { rd_easy_cleanup($0) }
        _ = rd_multi_cleanup(multi.pointer)
    }

    /// False once the loop is to stop.
    private func handleMessages() -> Bool {
        let messages = inbox.withLock { inbox in
            let messages = inbox
            inbox.removeAll(keepingCapacity: true)
            return messages
        }
        for message in messages {
            switch message {
            case .start(let transfer): start(transfer)
            case .cancel(let transfer): cancel(transfer)
            case .stop: return false
            }
        }
        return true
    }

    private func start(_ transfer: Transfer) {
        if transfer.isCancelled { return transfer.resume(.failure(transfer.cancelled)) }
        guard let easy = idle.popLast() ?? rd_easy_init() else {
            return transfer.resume(.failure(transfer.error(.setup, "libcurl is out of memory")))
        }
        if let failure = transfer.prepare(easy) {
            recycle(easy)
            return transfer.resume(.failure(failure))
        }
        active[easy] = transfer
        guard rd_multi_add_handle(multi.pointer, easy) == CURLM_OK else {
            return finish(transfer, .failure(transfer.error(.setup, "libcurl refused the transfer")))
        }
    }

    private func cancel(_ transfer: Transfer) {
        transfer.isCancelled = true
        guard let easy = transfer.easy, active[easy] === transfer else { return }
        finish(transfer, .failure(transfer.cancelled))
    }

    private func collectFinished() -> Bool {
        var left: Int32 = 0
        var finished = false
        while let message = rd_multi_info_read(multi.pointer, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let transfer = active[easy]
            else { continue }
            finish(transfer, transfer.outcome(rd_message_result(message)))
            finished = true
        }
        return finished
    }

    private func finish(_ transfer: Transfer, _ result: Result<Response, TransportError>) {
        if let easy = transfer.easy {
            _ = rd_multi_remove_handle(multi.pointer, easy)
            active[easy] = nil
            recycle(easy)
        }
        transfer.release()
        transfer.resume(result)
    }

    private func recycle(_ easy: UnsafeMutableRawPointer) {
        guard idle.count < Self.idleLimit else { return rd_easy_cleanup(easy) }
        rd_easy_reset(easy)
        idle.append(easy)
    }
}

/// libcurl's multi handle; of its functions only `curl_multi_wakeup` may be called from other threads.
private struct OpaquePointerBox: @unchecked Sendable {  // because the loop's thread alone uses it, but for the wake-up
    let pointer: UnsafeMutableRawPointer

    init(_ pointer: UnsafeMutableRawPointer) {
        self.pointer = pointer
    }
}
