internal import RingdownCore

/// Sending token requests and resuming the callers that wait for them.
extension TokenSource {
    /// Performs a token request in its own task. The time limits of the request bound its duration.
    func run(_ fetch: TokenMachine<Int>.Fetch) {
        tasks.start { [self] in
            guard await waitForStart(fetch) else { return }
            // A background refresh is skipped if another process is already refreshing the token.
            let isWaiting = fetch.reason != .advisory
            if let stored = await store.load(key, at: time.now()),
                await land({ $0.loaded(stored, for: fetch, at: $1) })
            {
                return
            }
            let outcome = await store.lock(key, time: time, isWaiting: isWaiting)
            if case .taken = outcome, !isWaiting, await land({ ($0.abandon(fetch, at: $1), nil) }) { return }
            // The lock is released before callers resume: the process may exit then, and an exit does not release every lock.
            let release = { @Sendable in if case .locked(let lock) = outcome { await lock.release() } }
            // The previous holder of the lock may have stored a new token.
            if let stored = await store.load(key, at: time.now()),
                await land({ $0.loaded(stored, for: fetch, at: $1) }, then: release)
            {
                return
            }
            if Task.isCancelled {
                _ = await land({ ($0.abandon(fetch, at: $1), nil) }, then: release)
                return
            }
            await request(fetch, then: release)
        }
    }

    /// Waits until a request may be sent. Returns false if no caller needs it any more.
    private func waitForStart(_ fetch: TokenMachine<Int>.Fetch) async -> Bool {
        let wait = fetch.notBefore - time.now().uptime
        guard wait > .zero else { return true }
        if let error = state.withLock({ $0.machine.lastFailure }) {
            Logger.current.debug("token.retry", "requesting a token again in \(wait.spoken): \(error.message)")
            waitObserver.withLock { $0 }?(wait, error)
        }
        try? await time.sleep(for: wait)
        return state.withLock { $0.machine.mayStart(fetch) }
    }

    /// Requests a token, stores it, and then resumes the waiting callers, so that no other process requests it in between.
    private func request(_ fetch: TokenMachine<Int>.Fetch, then release: () async -> Void) async {
        Logger.current.debug("token.needed", "requesting a token: \(fetch.reason.rawValue)")
        let start = time.now()
        let result: Result<Token, TokenError>
        do throws(TokenError) {
            result = .success(try await requester.requestToken(draw: .random(in: 0..<1)))
        } catch { result = .failure(error) }
        // A cancelled request says nothing about the account, so that other processes do not wait for it.
        if case .failure = result, Task.isCancelled {
            _ = await land({ ($0.abandon(fetch, at: $1), nil) }, then: release)
            return
        }
        let now = time.now()
        typealias Outcome = (
            answers: Answers, next: TokenMachine<Int>.Fetch?, stored: StoredState, record: TokenRequestRecord
        )
        let (answers, next, stored, record) = change { state -> Outcome in
            let record = self.record(of: fetch, result, from: start, to: now, callers: state.machine.waiterCount(fetch))
            state.records = state.records.suffix(99) + [record]
            if record.error == nil { state.counts.granted += 1 } else { state.counts.failed += 1 }
            let landing: TokenMachine<Int>.Landing =
                switch result {
                case .success(let token): state.machine.fetched(token, for: fetch, at: now)
                case .failure(let error):
                    state.machine.failed(error, for: fetch, at: now, draw: .random(in: 0..<1))
                }
            return (self.taken(landing.answers, from: &state), landing.next, state.machine.stored(at: now), record)
        }
        await store.save(stored, for: key)
        await store.note(record)
        await release()
        if let next { run(next) }
        for (continuation, result) in answers { continuation?.resume(returning: result) }
    }

    typealias Answers = [(CheckedContinuation<Result<Token, TokenError>, Never>?, Result<Token, TokenError>)]

    func taken(
        _ answers: [(waiter: Int, result: Result<Token, TokenError>)], from state: inout State
    ) -> Answers {
        let taken = answers.map { (state.waiters.removeValue(forKey: $0.waiter), $0.result) }
        if state.waiters.isEmpty { state.timer.take()?.cancel() }
        return taken
    }

    /// Ends a request without sending it, if `landing` returns a result.
    private func land(
        _ landing: (inout TokenMachine<Int>, Instant) -> TokenMachine<Int>.Landing?, then release: () async -> Void = {}
    ) async -> Bool {
        let now = time.now()
        let landed = change { state -> (Answers, TokenMachine<Int>.Fetch?)? in
            landing(&state.machine, now).map { (self.taken($0.answers, from: &state), $0.next) }
        }
        guard let (answers, next) = landed else { return false }
        await release()
        if let next { run(next) }
        for (continuation, result) in answers { continuation?.resume(returning: result) }
        return true
    }

    private func record(
        of fetch: TokenMachine<Int>.Fetch, _ result: Result<Token, TokenError>, from start: Instant, to end: Instant,
        callers: Int
    ) -> TokenRequestRecord {
        var (error, lifetime): (TokenError?, Duration?)
        switch result {
        case .success(let token): lifetime = token.lifetime
        case .failure(let failure): error = failure
        }
        return TokenRequestRecord(
            time: start.wall, account: account, reason: fetch.reason, error: error?.code, status: error?.status,
            lifetime: lifetime, duration: end.uptime - start.uptime, callers: callers)
    }
}
