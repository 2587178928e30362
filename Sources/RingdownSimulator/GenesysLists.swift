internal import RingdownCore

/// A collection of objects of an organisation. Each object is generated from its index, starting at 0, and has an ID.
struct Resource {
    let count: Int
    let id: (Int) -> String
    /// The name of an object; nil if the list cannot be filtered by name.
    var name: ((Int) -> String)?
    let json: (Int) -> JSON
    /// A direct lookup of an index by ID; nil to search all IDs.
    var number: ((String) -> Int?)?

    func number(of id: String) -> Int? {
        if let number { return number(id) }
        return (0..<count).first { self.id($0) == id }
    }
}

extension GenesysFamily {
    /// One object by ID.
    func one(_ call: Call, _ resource: Resource, id: String) -> Answer {
        guard let number = resource.number(of: id) else { return genesysNotFound(call, reason: "no such id") }
        return lasting(call) { resource.json(number) }
    }

    /// Paging style A of section 5: page numbers, and relative links that keep the other parameters. `id` and `name` filter the
    /// list. A name can have asterisks at both ends, as the official SDK describes for queues.
    ///
    /// - Parameter chosen: The indices of the visible objects (default: all).
    func list(_ call: Call, _ resource: Resource, chosen: [Int]? = nil) -> Answer {
        func number(_ name: String, _ standard: Int, upTo limit: Int = .max) -> Int? {
            guard let text = call.queryValue(name) else { return standard }
            return Int(text).flatMap { (1...limit).contains($0) ? $0 : nil }
        }
        let limit = assumptions.number(.genesysPageSize)
        guard let size = number("pageSize", 25, upTo: limit) else {
            return invalidValue(call, call.queryValue("pageSize"), "pageSize", "1 to \(limit)")
        }
        guard let page = number("pageNumber", 1) else {
            return invalidValue(call, call.queryValue("pageNumber"), "pageNumber", "1 and above")
        }
        let ids = call.queryValues("id").flatMap { $0.split(separator: ",").map(String.init) }
        guard ids.count <= 100 else {
            // The code is documented, the message is not.
            return genesysError(
                call, 400, "max.user.ids", "No more than 100 ids can be asked for.", reason: "too many ids")
        }
        let pattern = resource.name == nil ? nil : call.queryValue("name")
        return lasting(call) {
            var chosen = chosen
            if !ids.isEmpty {
                let numbers = ids.compactMap(resource.number(of:))
                chosen = chosen.map { $0.filter(numbers.contains) } ?? numbers
            }
            if let name = resource.name, let pattern {
                let pattern = Pattern(pattern.lowercased())
                chosen = (chosen ?? Array(0..<resource.count)).filter { pattern.fits(name($0).lowercased()) }
            }
            let rest = call.query(without: "pageSize", "pageNumber")
            return self.page(page, of: chosen?.count ?? resource.count, size: size) {
                resource.json(chosen?[$0] ?? $0)
            } uri: {
                "\(call.url.path)?pageSize=\(size)&pageNumber=\($0)\(rest)"
            }
        }
    }

    /// The platform's error for a parameter with an invalid value (section 4).
    func invalidValue(_ call: Call, _ value: String?, _ name: String, _ allowed: String) -> Answer {
        genesysError(
            call, 400, "invalid.value",
            "Value [\(sanitized(value ?? "", limit: 60))] is not valid for field type [\(name)]. Allowable values are: \(allowed)",
            reason: "malformed \(name)")
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
