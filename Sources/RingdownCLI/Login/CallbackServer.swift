internal import RingdownCore
internal import RingdownServer

/// Receives the browser's redirect on loopback after a sign-in.
final class CallbackServer: Handler {
    typealias Query = [(name: String, value: String)]

    private enum State {
        case idle
        case waiting(CheckedContinuation<Query?, Never>)
        case arrived(Query)
        case over
    }

    static let path = "/callback"
    private let state = Locked(State.idle)
    /// Returns whether a callback belongs to this sign-in.
    private let isOurs: @Sendable (Query) -> Bool

    init(isOurs: @escaping @Sendable (Query) -> Bool) {
        self.isOurs = isOurs
    }

    func handle(_ request: Request) -> Reply {
        guard request.method == "GET", request.url.path == Self.path else {
            return .ready(Self.page(404, "Not found", "This address only completes a sign-in."))
        }
        let query = request.url.queryItems
        guard isOurs(query) else {
            return .ready(
                Self.page(400, "Wrong sign-in", "This response belongs to a different or earlier sign-in. Start over."))
        }
        finish(with: query)
        let isDenied = query.contains { $0.name == "error" }
        return .ready(
            isDenied
                ? Self.page(200, "Not signed in", "You can close this window. The terminal shows the reason.")
                : Self.page(200, "Response received", "You can close this window and return to the terminal."))
    }

    /// Waits for the callback. Only one task can wait.
    ///
    /// - Returns: The query of the callback, or nil if the task was cancelled.
    func query() async -> Query? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Query?? in
                    switch state {
                    case .arrived(let query): return .some(query)
                    case .over: return .some(nil)
                    case .idle, .waiting:
                        state = .waiting(continuation)
                        return nil
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            finish(with: nil)
        }
    }

    /// Delivers the first query and ignores later ones.
    private func finish(with query: Query?) {
        let continuation = state.withLock { state -> CheckedContinuation<Query?, Never>? in
            switch state {
            case .waiting(let continuation):
                state = .over
                return continuation
            case .idle: state = query.map { .arrived($0) } ?? .over
            case .arrived, .over: break
            }
            return nil
        }
        continuation?.resume(returning: query)
    }

    private static func page(_ status: Int, _ title: String, _ text: String) -> Response {
        let html = """
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>\(title) - Ringdown</title>
            <style>body{font:1.1rem/1.5 system-ui,sans-serif;margin:20vh auto;max-width:30rem;padding:0 1rem;color:#1d2330;background:#fff}
            h1{font-size:1.6rem}@media(prefers-color-scheme:dark){body{color:#e8ebf2;background:#12151c}}</style>
            <main><h1>\(title)</h1><p>\(text)</p></main></html>
            """
        return Response(
            status: status,
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Connection": "close",
                "Referrer-Policy": "no-referrer",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            ],
            body: Array(html.utf8))
    }
}
