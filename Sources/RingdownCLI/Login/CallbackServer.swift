internal import RingdownCore
internal import RingdownServer

/// Waits on loopback for the browser to come back from signing in.
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
    /// What the person is shown, decided by whether the callback is this sign-in's.
    private let isOurs: @Sendable (Query) -> Bool

    init(isOurs: @escaping @Sendable (Query) -> Bool) {
        self.isOurs = isOurs
    }

    func handle(_ request: Request) -> Reply {
        guard request.method == "GET", request.url.path == Self.path else {
            return .ready(Self.page(404, "Nothing here", "This address is for one sign-in only."))
        }
        let query = request.url.queryItems
        guard isOurs(query) else {
            return .ready(
                Self.page(400, "Not this sign-in", "It belongs to another one, or to an earlier one. Begin anew."))
        }
        finish(with: query)
        let isDenied = query.contains { $0.name == "error" }
        return .ready(
            isDenied
                ? Self.page(200, "Not signed in", "You can close this window. The terminal says why.")
                : Self.page(200, "Almost there", "You can close this window and go back to the terminal."))
    }

    /// The query of the callback; nil once the task was cancelled. It is waited for once.
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

    /// The first answer counts.
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
