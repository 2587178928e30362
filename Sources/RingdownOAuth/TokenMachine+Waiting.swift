package import RingdownCore

/// The callers that wait for a token: for how long, and what they receive.
extension TokenMachine {
    /// Ends a request that the stored failures forbid. Callers that can wait for the next attempt continue to wait.
    mutating func heldBack(_ flight: Flight, at now: Instant) -> Landing {
        guard let refusal else { return (abandon(flight.fetch, at: now), nil) }
        return end(
            flight, remembered(refusal, at: now), next: refusal.until, attempt: flight.fetch.attempt, at: now)
    }

    /// Ends an attempt without a token. Callers that accept the cached token receive it. The others wait for an attempt at the
    /// uptime `next` if their time suffices, or receive the error.
    mutating func end(
        _ flight: Flight, _ error: TokenError, next: Duration?, attempt: Int, at now: Instant
    ) -> Landing {
        self.flight = nil
        var answers: [(waiter: Waiter, result: Result<Token, TokenError>)] = []
        var patient: [Waiter: Wish] = [:]
        for (waiter, wish) in flight.waiters {
            let result = answer(wish, or: error, at: now)
            if case .failure = result, let next, canOutlast(error, until: next, wish) {
                patient[waiter] = wish
            } else {
                answers.append((waiter, result))
            }
        }
        guard let next, !patient.isEmpty else { return (answers, nil) }
        let longest = patient.values.map(\.minimumValidity).max() ?? .zero
        let fetch = begin(
            flight.fetch.reason, at: now, minimumValidity: longest, waiters: patient, attempt: attempt, notBefore: next)
        return (answers, fetch)
    }

    /// Whether a caller can wait for an attempt at an uptime after a failure.
    func canOutlast(_ error: TokenError, until next: Duration, _ wish: Wish) -> Bool {
        settings.retries.isEnabled && error.isTemporary && next <= wish.begun + settings.retries.limit(after: error)
    }

    /// The uptime at which the first waiting caller stops to wait; nil if no caller has a limit.
    package var nextDeadline: Duration? {
        guard settings.retries.isEnabled, let first = flight?.waiters.values.map(\.begun).min() else { return nil }
        return first + settings.retries.waitLimit
    }

    /// Ends the wait of the callers whose time is over. The request continues for the others.
    package mutating func expire(at now: Instant) -> [(waiter: Waiter, result: Result<Token, TokenError>)] {
        guard settings.retries.isEnabled, let flight else { return [] }
        let limit = settings.retries.waitLimit
        // The reason for a wait between two attempts is the last failure.
        let failed = now.uptime < flight.fetch.notBefore || flight.fetch.attempt > 1 ? refusal?.error : nil
        let late = flight.waiters.filter { $0.value.begun + limit <= now.uptime }
        for waiter in late.keys { self.flight?.waiters[waiter] = nil }
        return late.map { ($0, answer($1, or: failed ?? .noResponse(within: limit), at: now)) }
    }

    /// Whether a request that had to wait must still be sent. It ends if no caller waits any more.
    package mutating func mayStart(_ fetch: Fetch) -> Bool {
        guard let flight, flight.fetch.number == fetch.number else { return false }
        if flight.waiters.isEmpty { self.flight = nil }
        return !flight.waiters.isEmpty
    }

    /// The last failure; nil after a success.
    package var lastFailure: TokenError? { refusal?.error }

    /// Ends a request that is not sent. Callers that accept the cached token receive it, the others an error.
    package mutating func abandon(
        _ fetch: Fetch, at now: Instant
    ) -> [(waiter: Waiter, result: Result<Token, TokenError>)] {
        guard let flight, flight.fetch.number == fetch.number else { return [] }
        self.flight = nil
        let error = refusal.map { remembered($0, at: now) } ?? .cancelled
        return flight.waiters.map { ($0, answer($1, or: error, at: now)) }
    }

    /// Ends the wait of a caller with the cached token, or with an error if it is not usable. Returns nil if the caller already has
    /// a result.
    package mutating func release(_ waiter: Waiter, at now: Instant) -> Result<Token, TokenError>? {
        guard let wish = flight?.waiters.removeValue(forKey: waiter) else { return nil }
        return answer(wish, or: .cancelled, at: now)
    }

    private func answer(_ wish: Wish, or error: TokenError, at now: Instant) -> Result<Token, TokenError> {
        guard let token, !wish.isForced, isUsable(token, at: now, for: wish.minimumValidity) else {
            return .failure(error)
        }
        return .success(token)
    }

    /// The error of an earlier request, with its age.
    func remembered(_ refusal: (error: TokenError, until: Duration), at now: Instant) -> TokenError {
        var error = refusal.error
        error.remembered = .init(
            age: max(.zero, now.uptime - failedAt), remaining: max(.zero, refusal.until - now.uptime))
        return error
    }
}
