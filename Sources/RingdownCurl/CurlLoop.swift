internal import CCurl
internal import RingdownCore
internal import Synchronization

/// The only thread that calls libcurl. It runs transfers, and tasks that prefer this executor.
///
/// A task on this executor starts transfers and receives their results without switching threads. This saves two wake-ups per
/// request, which are most of the cost of a request on a fast network.
final class CurlLoop: TaskExecutor, @unchecked Sendable {  // because only its thread uses more than inbox and flags
    private enum Message {
        case start(Transfer)
        case cancel(Transfer)
        case job(UnownedJob)
        case stop
    }

    private let configuration: CurlTransport.Configuration
    private let multi: MultiHandle
    private struct Inbox {
        var messages: [Message] = []
        /// Whether the thread has ended and reads no more messages.
        var isClosed = false
        var onEnd: [@Sendable () -> Void] = []
    }
    private let inbox = Locked(Inbox())
    private let isAsleep = Atomic(false)
    private let threadNumber = Atomic<UInt>(0)
    /// Set before the first message. The thread retains the loop until it ends.
    private var thread: Thread?

    /// Messages from the thread to itself, which require neither lock nor wake-up.
    private var own: [Message] = []
    private var isStopping = false
    /// Active transfers by the address of their handle.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Transfers beyond the limit of connections. libcurl has a queue of its own, but 7.88 can leave transfers in it for ever, and
    /// does not end them when their time is over.
    private var waiting = TransferQueue()
    /// Handles for reuse by later transfers. Connections, DNS results and TLS sessions belong to the multi handle, so that a new
    /// handle does not require a new connection.
    private var idle: [UnsafeMutableRawPointer] = []
    /// The maximum number of idle handles: 0 if the library cannot reuse handles safely.
    private let idleLimit: Int
    private let version: CurlVersion

    /// - Throws: `TransportError` if libcurl cannot be loaded or initialised.
    init(_ configuration: CurlTransport.Configuration) throws(TransportError) {
        if let failure = curl_open() {
            throw TransportError(
                .setup, place: "libcurl", message: "cannot be loaded: \(String(cString: failure)); install libcurl4"
            )
        }
        version = .opened
        if let problem = version.problem { throw TransportError(.setup, place: "libcurl", message: problem) }
        guard let multi = rd_multi_init() else {
            throw TransportError(.setup, place: "libcurl", message: "out of memory")
        }
        self.configuration = configuration
        self.multi = MultiHandle(pointer: multi)
        let hasCredentials = configuration.proxies.haveCredentials
        idleLimit = version.canReuseHandles(withProxyCredentials: hasCredentials) ? 64 : 0
        // libcurl closes idle connections so that their number and that of the active ones remain within the limit.
        for option in [CURLMOPT_MAXCONNECTS, CURLMOPT_MAX_TOTAL_CONNECTIONS] {
            _ = rd_multi_setopt_long(multi, option, max(1, configuration.connectionLimit))
        }
        do throws(Thread.NotStarted) { thread = try Thread(run) } catch {
            throw TransportError(.setup, place: "libcurl", message: "\(error)")
        }
    }

    // MARK: From any thread

    func start(_ transfer: Transfer) { post(.start(transfer)) }
    func cancel(_ transfer: Transfer) { post(.cancel(transfer)) }
    /// Stops the thread and waits until it ends. Active transfers fail as cancelled.
    func stop() {
        post(.stop)
        thread?.join()
    }

    /// Stops the thread and waits for its end without blocking the caller. Active transfers fail as cancelled.
    func stopped() async {
        await withCheckedContinuation { continuation in
            let isClosed = inbox.withLock { inbox in
                if !inbox.isClosed { inbox.onEnd.append { continuation.resume() } }
                return inbox.isClosed
            }
            if isClosed { continuation.resume() } else { post(.stop) }
        }
        thread?.detach()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        post(.job(UnownedJob(job)))
    }

    private func post(_ message: Message) {
        if threadNumber.load(ordering: .relaxed) == Thread.current {
            own.append(message)
            return
        }
        let isClosed = inbox.withLock { inbox in
            if inbox.isClosed { return true }
            inbox.messages.append(message)
            // A wake-up is a system call, which is necessary only while the thread waits for the network. It happens under the
            // lock, so that the thread cannot read `stop` and free the multi handle before.
            if isAsleep.load(ordering: .sequentiallyConsistent) { _ = rd_multi_wakeup(multi.pointer) }
            return false
        }
        guard isClosed else { return }
        switch message {
        case .start(let transfer): transfer.resume(.failure(transfer.cancelled))
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .cancel, .stop: break
        }
    }

    // MARK: On the thread

    private func run() {
        threadNumber.store(Thread.current, ordering: .relaxed)
        var running: Int32 = 0
        while true {
            handleMessages()
            if isStopping { break }
            startWaiting()
            _ = rd_multi_perform(multi.pointer, &running)
            if collectFinished() || !own.isEmpty { continue }
            isAsleep.store(true, ordering: .sequentiallyConsistent)
            // A message that was posted before the flag was set caused no wake-up: check again.
            if inbox.withLock({ $0.messages.isEmpty }) { _ = rd_multi_poll(multi.pointer, waiting.pollTime) }
            isAsleep.store(false, ordering: .sequentiallyConsistent)
        }
        repeat {
            for transfer in active.values { finish(transfer, .failure(transfer.cancelled)) }
            while let transfer = waiting.next() { transfer.resume(.failure(transfer.cancelled)) }
            handleMessages()
        } while !close()
        idle.forEach { rd_easy_cleanup($0) }
        _ = rd_multi_cleanup(multi.pointer)
        let onEnd = inbox.withLock { $0.onEnd }
        onEnd.forEach { $0() }
    }

    /// Closes the inbox if all messages are handled. Later messages are answered by the threads that post them.
    private func close() -> Bool {
        if !own.isEmpty || !waiting.isEmpty { return false }
        let isClosed = inbox.withLock { inbox in
            inbox.isClosed = inbox.messages.isEmpty
            return inbox.isClosed
        }
        // From now on, this thread reads no messages either.
        if isClosed { threadNumber.store(0, ordering: .relaxed) }
        return isClosed
    }

    /// Handles the messages posted so far. Later messages wait until libcurl has run.
    private func handleMessages() {
        let posted = inbox.withLock { inbox in
            let messages = inbox.messages
            inbox.messages.removeAll(keepingCapacity: true)
            return messages
        }
        for message in posted { handle(message) }
        let messages = own
        own.removeAll(keepingCapacity: true)
        for message in messages { handle(message) }
    }

    private func handle(_ message: Message) {
        switch message {
        case .start(let transfer) where transfer.isCancelled: transfer.resume(.failure(transfer.cancelled))
        case .start(let transfer): waiting.add(transfer)
        case .cancel(let transfer): end(transfer)
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .stop: isStopping = true
        }
    }

    /// Ends the waiting transfers whose time is over, and starts others while there are free connections.
    private func startWaiting() {
        waiting.endLate()
        while active.count < max(1, configuration.connectionLimit), let transfer = waiting.next() { begin(transfer) }
    }

    private func begin(_ transfer: Transfer) {
        if transfer.isCancelled || isStopping { return transfer.resume(.failure(transfer.cancelled)) }
        let easy: UnsafeMutableRawPointer
        do throws(TransportError) {
            if let handle = idle.popLast() { easy = handle } else { easy = try newHandle() }
        } catch {
            return transfer.resume(.failure(error))
        }
        if let failure = transfer.prepare(easy, version) {
            rd_easy_cleanup(easy)
            transfer.release()
            return transfer.resume(.failure(failure))
        }
        active[easy] = transfer
        guard rd_multi_add_handle(multi.pointer, easy) == CURLM_OK else {
            return finish(transfer, .failure(transfer.error(.setup, "libcurl rejected the transfer")))
        }
    }

    private func newHandle() throws(TransportError) -> UnsafeMutableRawPointer {
        guard let easy = rd_easy_init() else {
            throw TransportError(.setup, place: "libcurl", message: "out of memory")
        }
        do throws(TransportError) { try Transfer.configure(easy, configuration, version) } catch {
            rd_easy_cleanup(easy)
            throw error
        }
        return easy
    }

    private func end(_ transfer: Transfer) {
        transfer.isCancelled = true
        // A transfer that has not arrived yet ends when it arrives.
        if transfer.isWaiting { return transfer.resume(.failure(transfer.cancelled)) }
        guard let easy = transfer.easy, active[easy] === transfer else { return }
        finish(transfer, .failure(transfer.cancelled))
    }

    private func collectFinished() -> Bool {
        var left: Int32 = 0
        var hasFinished = false
        while let message = rd_multi_info_read(multi.pointer, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let transfer = active[easy]
            else { continue }
            finish(transfer, transfer.outcome(rd_message_result(message)))
            hasFinished = true
        }
        return hasFinished
    }

    private func finish(_ transfer: Transfer, _ result: Result<Response, TransportError>) {
        if let easy = transfer.easy {
            _ = rd_multi_remove_handle(multi.pointer, easy)
            active[easy] = nil
            // The resolver may still use a handle whose name resolution was abandoned.
            if idle.count < idleLimit, case .success = result {
                transfer.detach()
                idle.append(easy)
            } else {
                rd_easy_cleanup(easy)
            }
            transfer.release()
        }
        transfer.resume(result)
    }
}

/// The multi handle of libcurl.
private struct MultiHandle: @unchecked Sendable {  // because other threads only call `curl_multi_wakeup`
    let pointer: UnsafeMutableRawPointer
}
