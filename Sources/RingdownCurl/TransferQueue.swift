internal import RingdownCore

/// Transfers that wait for a free connection, in the order of their arrival.
struct TransferQueue {
    private var transfers: [Transfer] = []
    /// The index of the next transfer. Earlier ones have left.
    private var head = 0
    /// A time at which the time of no waiting transfer is over yet. It may be earlier than necessary.
    private var deadline: Duration?

    /// Whether no transfer waits.
    var isEmpty: Bool { head == transfers.count }

    mutating func add(_ transfer: Transfer) {
        transfer.isWaiting = true
        transfers.append(transfer)
        deadline = min(deadline ?? transfer.deadline, transfer.deadline)
    }

    /// Removes the next transfer; nil if the queue is empty. Cancelled transfers are left out.
    mutating func next() -> Transfer? {
        while head < transfers.count {
            let transfer = transfers[head]
            head += 1
            if head > 1000, head * 2 > transfers.count {
                transfers.removeFirst(head)
                head = 0
            }
            transfer.isWaiting = false
            if !transfer.isCancelled { return transfer }
        }
        (transfers, head, deadline) = ([], 0, nil)
        return nil
    }

    /// Ends the transfers whose time is over.
    mutating func endLate() {
        guard let deadline else { return }
        let now = SystemTime().now().uptime
        guard now >= deadline else { return }
        let late = transfers[head...].filter { $0.deadline <= now && !$0.isCancelled }
        transfers = transfers[head...].filter { $0.deadline > now }
        head = 0
        self.deadline = transfers.map(\.deadline).min()
        for transfer in late { transfer.resume(.failure(transfer.timedOut)) }
    }

    /// The time until the deadline in milliseconds; one minute if no transfer waits.
    var pollTime: Int32 {
        guard let deadline else { return 60_000 }
        let wait = (deadline - SystemTime().now().uptime).inSeconds * 1000
        return Int32(min(60_000, max(1, wait.rounded(.up))))
    }
}
