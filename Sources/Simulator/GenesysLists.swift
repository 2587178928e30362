internal import Foundations
internal import HTTPModel

/// What an organisation has many of: each follows from its number, counted from 0, and has an id.
struct Resource {
    let count: Int
    let id: (Int) -> String
    /// Where lists can be asked for names.
    var name: ((Int) -> String)?
    let json: (Int) -> JSON
    /// The number that an id belongs to, where there is a shorter way than to try all.
    var number: ((String) -> Int?)?

    func number(of id: String) -> Int? {
        if let number { return number(id) }
        return (0..<count).first { self.id($0) == id }
    }
}

extension Simulator {
    /// One of many by its id.
    func one(_ call: Call, _ resource: Resource, id: String) -> Answer {
        guard let number = resource.number(of: id) else { return genesysNotFound(call) }
        return lasting(call) { resource.json(number) }
    }

    /// Style A of section 5: page numbers, and relative links that keep the other parameters. `id` and `name` choose, for a name
    /// with asterisks where it may go on (as the official SDK has it for queues); what is not looked at is said in a hint. Only
    /// what is `chosen` is there, where that is given.
    func list(_ call: Call, _ resource: Resource, chosen: [Int]? = nil, knows others: [String] = []) -> Answer {
        let items = call.url.queryItems
        func number(_ name: String, _ standard: Int) -> Int? {
            guard let text = items.first(where: { $0.name == name })?.value else { return standard }
            return Int(text).flatMap { $0 > 0 ? $0 : nil }
        }
        guard let size = number("pageSize", 25), size <= assumptions.number(.genesysPageSize),
            let page = number("pageNumber", 1)
        else {
            return genesysError(
                call, 400, "invalid.value", "Value is not valid for field type [pageSize or pageNumber].",
                reason: "malformed paging"
            )
        }
        let known = ["pageSize", "pageNumber", "id"] + (resource.name == nil ? [] : ["name"]) + others
        return lasting(call, hint: notLookedAt(items.map(\.name).filter { !known.contains($0) })) {
            var chosen = chosen
            let ids = items.filter { $0.name == "id" }.flatMap { $0.value.split(separator: ",").map(String.init) }
            if !ids.isEmpty {
                let numbers = ids.compactMap(resource.number(of:))
                chosen = chosen.map { $0.filter(numbers.contains) } ?? numbers
            }
            if let name = resource.name, let pattern = items.first(where: { $0.name == "name" })?.value {
                chosen = (chosen ?? Array(0..<resource.count)).filter { isMatch(name($0), pattern) }
            }
            let rest = items.filter { !["pageSize", "pageNumber"].contains($0.name) }
                .map { "&\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined()
            return self.page(page, of: chosen?.count ?? resource.count, size: size) {
                resource.json(chosen?[$0] ?? $0)
            } uri: {
                "\(call.url.path)?pageSize=\(size)&pageNumber=\($0)\(rest)"
            }
        }
    }

    /// The hint for parameters that the platform may look at and the simulator does not; nil for none.
    func notLookedAt(_ names: [String]) -> String? {
        if names.isEmpty { return nil }
        let list = names.prefix(8).map { "'\(excerpt($0, limit: 40))'" }.joined(separator: ", ")
        return "the simulator does not look at \(list) here; the platform may"
    }

    /// Whether a name is meant; asterisks stand for any beginning or end, and case does not count.
    private func isMatch(_ name: String, _ pattern: String) -> Bool {
        let (name, pattern) = (name.lowercased(), pattern.lowercased())
        let text = pattern.drop { $0 == "*" }.reversed().drop { $0 == "*" }.reversed()
        let core = String(text)
        switch (pattern.hasPrefix("*"), pattern.hasSuffix("*")) {
        case (true, true): return core.isEmpty || name.contains(core)
        case (true, false): return name.hasSuffix(core)
        case (false, true): return name.hasPrefix(core)
        case (false, false): return name == pattern
        }
    }

    private func page(
        _ page: Int, of count: Int, size: Int, _ item: (Int) -> JSON, uri: (Int) -> String
    ) -> JSON {
        let pageCount = (count + size - 1) / size
        let start = min((page - 1).multipliedReportingOverflow(by: size).partialValue, count)
        let range = max(0, start)..<min(max(0, start) + size, count)
        func link(_ name: String, _ page: Int) -> JSON.Member { .init(name, .string(uri(page))) }
        var members: [JSON.Member] = [
            .init("entities", .array(page > pageCount ? [] : range.map(item))), .init("pageSize", .int(size)),
            .init("pageNumber", .int(page)), .init("total", .int(count)), link("firstUri", 1), link("selfUri", page),
        ]
        if page > 1 { members.append(link("previousUri", page - 1)) }
        if page < pageCount { members.append(link("nextUri", page + 1)) }
        members += [link("lastUri", max(1, pageCount)), .init("pageCount", .int(pageCount))]
        return .object(members)
    }
}
