#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The commands that wait for the thread of a client.
final class RedisQueue: @unchecked Sendable {  // because `mutex` protects the state
    private var commands: [RedisCommand] = []
    private var hasThread = false
    private var isClosed = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// The number of waiting commands.
    var count: Int { locked { commands.count } }

    /// Adds a command.
    ///
    /// - Returns: Whether the caller must start the thread.
    func add(_ command: RedisCommand) -> Bool {
        locked {
            commands.append(command)
            pthread_cond_signal(condition)
            defer { hasThread = true }
            return !hasThread
        }
    }

    /// Records that the thread was not started.
    func hasNoThread() { locked { hasThread = false } }

    /// Removes and returns all waiting commands.
    func takeAll() -> [RedisCommand] {
        locked {
            defer { commands = [] }
            return commands
        }
    }

    /// Waits for commands and removes them from the queue.
    ///
    /// - Parameter limit: The maximum number of commands.
    /// - Returns: The commands; nil if the queue is closed and empty.
    func next(limit: Int) -> [RedisCommand]? {
        locked {
            while commands.isEmpty {
                if isClosed { return nil }
                pthread_cond_wait(condition, mutex)
            }
            let batch = Array(commands.prefix(limit))
            commands.removeFirst(batch.count)
            return batch
        }
    }

    /// Ends the thread after the waiting commands.
    func close() {
        locked {
            isClosed = true
            pthread_cond_signal(condition)
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
