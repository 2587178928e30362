internal import RingdownCore

/// A resource family of CXone, with the platform's format of errors, lists and files.
protocol CXoneFamily: ResourceFamily {}

extension CXoneFamily {
    static var platform: String { "cxone" }

    /// The path of an operation of a version of the API.
    static func service(_ path: String) -> String { "/incontactapi/services/{version}" + path }

    func cxoneRefusal(_ status: Int, _ error: String, _ description: String, client: String? = nil) -> Answer {
        Answer(
            status: status, json: ["error": .string(error), "error_description": .string(description)], client: client,
            reason: error
        )
    }

    func failure(_ status: Int, _ description: String, _ reason: String) -> Answer {
        Answer(status: status, reason: reason).with("icStatusDescription", description)
    }

    /// Paging with `skip` and `top`: an absolute link to the next page on the cluster host, and 204 past the end (section 3.2).
    func listing(
        _ call: Call, _ name: String, path: String? = nil, count: Int, more: [JSON.Member] = [], _ item: (Int) -> JSON
    ) -> Answer {
        guard let skip = Int(call.queryValue("skip") ?? "0"), skip >= 0,
            let top = Int(call.queryValue("top") ?? "50"), top > 0
        else { return failure(400, "skip and top must be numbers", "malformed paging") }
        guard skip < count else { return Answer(status: 204, reason: "past the end") }
        let rest = call.query(without: "skip", "top")
        let range = skip..<min(skip + min(top, assumptions.number(.cxonePageSize)), count)
        let path = call.addresses.cxoneCluster + "/inContactAPI/services/\(call.segments[2])/\(path ?? name)"
        func link(_ skip: Int) -> JSON { "\(path)?skip=\(skip)&top=\(top)\(rest)" }
        var links: [JSON.Member] = [.init("self", link(skip))]
        if range.upperBound < count { links.append(.init("next", link(range.upperBound))) }
        if skip > 0 { links.append(.init("previous", link(max(0, skip - top)))) }
        let members: [JSON.Member] = [
            .init("businessUnitId", .int(data.cxoneBusinessUnitID)),
            .init("lastPollTime", .string(sevenDigits(call.now))),
            .init("totalRecords", .int(count)), .init("_links", .object(links)), .init(name, .array(range.map(item))),
        ]
        return Answer(json: .object(members + more), reason: "valid token")
    }

    /// A time with seven fractional digits, as in API responses (section 3.2).
    func sevenDigits(_ time: Timestamp) -> String {
        String(time.rfc3339.dropLast()) + "0000Z"
    }
}
