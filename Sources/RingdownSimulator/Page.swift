internal import RingdownCore
internal import Synchronization

extension Simulator {
    /// The web page at `/` of the control plane.
    func page() -> Response {
        Response(
            status: 200,
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
                "Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
            ],
            body: PackageResources.page_html)
    }

    /// Sets the settings that the page shows. The page replaces credentials with the current ones.
    ///
    /// - Parameter settings: The environment variables that programs receive.
    public func show(_ settings: [(name: String, value: String)]) {
        shownSettings.withLock { $0 = settings }
    }

    private func settingsToShow(_ addresses: Addresses) -> [(name: String, value: String)] {
        let current = settings(addresses, currentCredentials)
        guard let shown = shownSettings.withLock({ $0 }) else { return current }
        return shown.map { setting in current.first { $0.name == setting.name } ?? setting }
    }

    /// The data of the page.
    func state(_ addresses: Addresses) -> Response {
        let now = clock.now
        let settings = settingsToShow(addresses).map { setting -> JSON in
            [
                "name": .string(setting.name), "value": .string(setting.value),
                "isSecret": .bool(setting.name.hasSuffix("_SECRET")),
            ]
        }
        return Response(json: [
            "now": .string(now.rfc3339), "scale": clock.virtual == nil ? .number(String(clock.scale)) : .null,
            "users": .int(data.userCount), "requests": .int(requestCount),
            "faults": .array(faults.withLock { $0.json }), "settings": .array(settings),
            "hosts": .array(hosts(addresses)),
        ])
    }

    private func hosts(_ addresses: Addresses) -> [JSON] {
        [
            (.genesysLogin(domain: options.genesysDomain), addresses.genesys),
            (.genesysAPI(domain: options.genesysDomain), addresses.genesys), (.cxoneIssuer, addresses.cxoneIssuer),
            (.cxoneRegional, addresses.cxoneRegional), (.cxoneAPI, addresses.cxoneAPI),
            (.cxoneCluster, addresses.cxoneCluster), (.cxoneDigital, addresses.cxoneDigital),
            (.storage, addresses.storage),
        ].map { (site: Site, address: String) in
            let name = site.hostName("", options)
            let isIntercepted = isIntercepted.load(ordering: .relaxed)
            return ["name": .string(name), "address": .string(isIntercepted ? "https://\(name)" : address)]
        }
    }
}
