internal import CCurl
internal import RingdownCore
internal import Synchronization

/// The one thread that touches libcurl. It runs transfers, and the tasks that prefer to be near them.
///
/// A task that runs here starts its transfers and gets their results without a hop to another thread: two wake-ups less
/// for each request, which is most of what a request costs on a fast network.
final class CurlLoop: TaskExecutor, @unchecked Sendable {  // because all but inbox and flags belong to its thread
    private enum Message {
        case start(Transfer)
        case cancel(Transfer)
        case job(UnownedJob)
        case stop
    }

    private let configuration: CurlTransport.Configuration
    private let multi: MultiHandle
    private let inbox = Locked<[Message]>([])
    private let isAsleep = Atomic(false)
    private let threadNumber = Atomic<UInt>(0)
    /// Set before the first message; the thread keeps the loop alive until it ends.
    private var thread: Thread?

    /// What the thread told itself: no lock and no wake-up is needed for that.
    private var own: [Message] = []
    private var isStopping = false
    /// Transfers that libcurl works on, by the address of their handle.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Handles that the next transfers reuse. Connections, DNS results and TLS sessions belong to the multi handle, so a new
    /// handle costs no new connection.
    private var idle: [UnsafeMutableRawPointer] = []
    /// How many handles are kept: none where the library cannot reuse one safely.
    private let idleLimit: Int
    private let version: CurlVersion

    /// Throws `TransportError` where libcurl cannot be had.
    init(_ configuration: CurlTransport.Configuration) throws(TransportError) {
        if let failure = curl_open() {
            throw TransportError(
                .setup, place: "libcurl", message: "it cannot be loaded: \(String(cString: failure)); install libcurl4"
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
        _ = rd_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, 128)
        do throws(Thread.NotStarted) { thread = try Thread(run) } catch {
            throw TransportError(.setup, place: "libcurl", message: "\(error)")
        }
    }

    // MARK: From any thread

    func start(_ transfer: Transfer) { post(.start(transfer)) }
    func cancel(_ transfer: Transfer) { post(.cancel(transfer)) }
    /// Ends the thread and waits for that; transfers under way fail as cancelled.
    func stop() {
        post(.stop)
        thread?.join()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        post(.job(UnownedJob(job)))
    }

    private func post(_ message: Message) {
        if threadNumber.load(ordering: .relaxed) == Thread.current {
            own.append(message)
            return
        }
        inbox.withLock { inbox in
            inbox.append(message)
            // Waking costs a system call and is needed only while the thread waits for the network. It happens under the
            // lock, so that the thread cannot read a `stop` and free what is woken.
            if isAsleep.load(ordering: .sequentiallyConsistent) { _ = rd_multi_wakeup(multi.pointer) }
        }
    }

    // MARK: On the thread

    private func run() {
        threadNumber.store(Thread.current, ordering: .relaxed)
        var running: Int32 = 0
        while true {
            handleMessages()
            if isStopping { break }
            _ = rd_multi_perform(multi.pointer, &running)
            if collectFinished() || !own.isEmpty { continue }
            isAsleep.store(true, ordering: .sequentiallyConsistent)
            // A message posted before the flag was up woke nobody: look once more.
            if inbox.withLock({ $0.isEmpty }) { _ = rd_multi_poll(multi.pointer, 60_000) }
            isAsleep.store(false, ordering: .sequentiallyConsistent)
        }
        for transfer in active.values { finish(transfer, .failure(transfer.cancelled)) }
        while !own.isEmpty { handleMessages() }
        idle.forEach { rd_easy_cleanup($0) }
        _ = rd_multi_cleanup(multi.pointer)
    }

    /// Handles what has been posted so far; what comes meanwhile waits until the network had its turn.
    private func handleMessages() {
        let posted = inbox.withLock { inbox in
            let messages = inbox
            inbox.removeAll(keepingCapacity: true)
            return messages
        }
        for message in posted { handle(message) }
        let messages = own
        own.removeAll(keepingCapacity: true)
        for message in messages { handle(message) }
    }

    private func handle(_ message: Message) {
        switch message {
        case .start(let transfer): begin(transfer)
        case .cancel(let transfer): end(transfer)
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .stop: isStopping = true
        }
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
            transfer.release()
            rd_easy_cleanup(easy)
            return transfer.resume(.failure(failure))
        }
        active[easy] = transfer
        guard rd_multi_add_handle(multi.pointer, easy) == CURLM_OK else {
            return finish(transfer, .failure(transfer.error(.setup, "libcurl refused the transfer")))
        }
    }

    private func newHandle() throws(TransportError) -> UnsafeMutableRawPointer {
        guard let easy = rd_easy_init() else {
            throw TransportError(.setup, place: "libcurl", message: "out of memory")
        }
        do throws(TransportError) { try Transfer.configure(easy, configuration) } catch {
            rd_easy_cleanup(easy)
            throw error
        }
        return easy
    }

    private func end(_ transfer: Transfer) {
        transfer.isCancelled = true
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
            transfer.release()
            if idle.count < idleLimit { idle.append(easy) } else { rd_easy_cleanup(easy) }
        }
        transfer.resume(result)
    }
}

/// libcurl's multi handle.
private struct MultiHandle: @unchecked Sendable {  // because but for `curl_multi_wakeup` only the loop's thread uses it
    let pointer: UnsafeMutableRawPointer
}
