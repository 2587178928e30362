internal import Foundations
internal import HTTPModel

extension Simulator {
    /// The page for people, at `/` of the control plane.
    func page() -> Response {
        Response(
            status: 200,
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
                "Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
            ],
            body: PackageResources.page_html)
    }

    /// What the page shows.
    func state(_ addresses: Addresses) -> Response {
        let now = clock.now
        let settings = LiveSimulator.settings(addresses, currentCredentials).map { setting -> JSON in
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
            ("login.\(options.genesysDomain)", addresses.genesys), ("api.\(options.genesysDomain)", addresses.genesys),
            ("cxone.niceincontact.com", addresses.cxoneIssuer), ("na1.nice-incontact.com", addresses.cxoneRegional),
            ("api-na1.niceincontact.com", addresses.cxoneAPI), ("api-b32.nice-incontact.com", addresses.cxoneCluster),
            ("api-de-na1.niceincontact.com", addresses.cxoneDigital),
            (Site.storage.hostName("", options), addresses.storage),
        ].map { ["name": .string($0.0), "address": .string($0.1)] }
    }
}
