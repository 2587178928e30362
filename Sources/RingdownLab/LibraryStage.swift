internal import RingdownCore
internal import RingdownOAuth

/// A stage that uses the token source of the library, with one task per caller.
struct LibraryStage: Stage {
    private let setting: Setting
    private let source: TokenSource

    init(_ setting: Setting) {
        self.setting = setting
        source = TokenSource(setting.endpoint, key: setting.key, store: setting.store, time: setting.time)
    }

    func getToken(_ wish: GetToken) async -> (tokens: [Token?], reason: String?) {
        let records = source.records.count
        let tasks = (0..<wish.callers).map { _ in
            Task { [source] in try? await source.token(minimumValidity: wish.minimumValidity, force: wish.isForced) }
        }
        // Callers that wait for a slow endpoint wait until it responds or the request times out.
        let patience = Task { [setting, source] in
            while !Task.isCancelled {
                if setting.endpoint.isHanging, source.hasWaiters {
                    await setting.time.waitForSleepers(1)
                    setting.time.advance(by: .seconds(1))
                }
                await Task.yield()
            }
        }
        var tokens: [Token?] = []
        for task in tasks { tokens.append(await task.value) }
        patience.cancel()
        await patience.value
        await settle()
        return (tokens, source.records.dropFirst(records).first?.reason.rawValue)
    }

    func reject(_ token: Token) {
        _ = source.reject(token)
    }

    func settle() async {
        while !source.isIdle, !setting.endpoint.isHanging { await Task.yield() }
        if setting.endpoint.isHanging { await setting.time.waitForSleepers(1) }
    }
}
