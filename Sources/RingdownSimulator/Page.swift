internal import RingdownCore
internal import Synchronization

extension ControlPlane {
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

    private func settingsToShow(_ addresses: Addresses) -> [(name: String, value: String)] {
        let current = simulator.settings(addresses, simulator.currentCredentials)
        guard let shown = simulator.shownSettings.withLock({ $0 }) else { return current }
        return shown.map { setting in current.first { $0.name == setting.name } ?? setting }
    }

    /// The simulator.data of the page.
    func state(_ addresses: Addresses) -> Response {
        let now = simulator.clock.now
        let settings = settingsToShow(addresses).map { setting -> JSON in
            [
                "name": .string(setting.name), "value": .string(setting.value),
                "isSecret": .bool(setting.name.hasSuffix("_SECRET")),
            ]
        }
        return Response(json: [
            "now": .string(now.rfc3339),
            "scale": simulator.clock.virtual == nil ? .number(String(simulator.clock.scale)) : .null,
            "users": .int(simulator.data.userCount), "requests": .int(simulator.requestCount),
            "faults": .array(simulator.faults.withLock { $0.json }), "settings": .array(settings),
            "hosts": .array(hosts(addresses)),
        ])
    }

    private func hosts(_ addresses: Addresses) -> [JSON] {
        [
            (.genesysLogin(domain: simulator.options.genesysDomain), addresses.genesys),
            (.genesysAPI(domain: simulator.options.genesysDomain), addresses.genesys),
            (.cxoneIssuer, addresses.cxoneIssuer),
            (.cxoneRegional, addresses.cxoneRegional), (.cxoneAPI, addresses.cxoneAPI),
            (.cxoneCluster, addresses.cxoneCluster), (.cxoneDigital, addresses.cxoneDigital),
            (.storage, addresses.storage),
        ].map { (site: Site, address: String) in
            let name = site.hostName("", simulator.options)
            let isIntercepted = simulator.isIntercepted.load(ordering: .relaxed)
            return ["name": .string(name), "address": .string(isIntercepted ? "https://\(name)" : address)]
        }
    }
}
