package import RingdownCore

/// A response that is not a page of the list.
package struct PageFault: Error, Equatable {
    /// The reason, without secrets.
    package var reason: String
    package var hint: String
    /// Whether the list is in order and this response is not, so that the call is retried as after a 502. False if the first response
    /// shows that the call does not return a list.
    package var isTemporary: Bool
    /// Whether the response is a JSON object without a list of items.
    package var isOtherObject = false
}

extension Page {
    /// Parses the response to a call for a page. Only a 204 has no content: any other empty body is a fault.
    ///
    /// - Parameters:
    ///   - body: The body of the response.
    ///   - status: The status of the response (default: 200).
    ///   - headers: The header fields of the response (default: none).
    ///   - itemsMember: The member that contains the items; nil to detect it.
    ///   - title: The call in messages.
    ///   - progress: The progress of the list before this page (default: none).
    ///   - secrets: The secrets that the server may echo (default: none).
    /// - Throws: ``PageFault`` if the response is not a page of the list.
    package init(
        _ body: [UInt8], status: Int = 200, headers: Headers = [:], itemsMember: String?, title: String,
        progress: ListProgress = ListProgress(), without secrets: @autoclosure @escaping () -> [Secret] = []
    ) throws(PageFault) {
        if status == 204 {
            self.init(body, title, headers, form: nil, isAbsent: true)
            return
        }
        let isFirst = progress.form == nil
        guard let start = body.withoutByteOrderMark.first(where: { !" \t\r\n".utf8.contains($0) }) else {
            throw PageFault(
                reason: "the body is empty", hint: "a proxy or gateway may have cut off the response: retry",
                isTemporary: true)
        }
        let reader = PageReader(
            body: body, itemsMember: itemsMember, progress: progress, secrets: secrets)
        do {
            if start == UInt8(ascii: "[") {
                if case .object? = progress.form {
                    throw reader.fault("it is an array, but previous pages are objects")
                }
                self.init(body, title, headers, form: .array, items: try JSONReader.elements(of: body))
                return
            }
            let outer = try JSONReader.lists(of: body)
            // Older versions of the CXone API wrap the response (`cxone.md` section 3.1).
            let wrapper = outer.count == 1 && outer[0].name == "resultSet" ? outer[0].range : nil
            let members =
                try wrapper.map { range throws(JSONReader.Malformed) in
                    try JSONReader.lists(of: body, in: range)
                } ?? outer
            if progress.form == .array { throw reader.fault("it is an object, but previous pages are arrays") }
            let (name, items) = try reader.items(members)
            self.init(
                body, title, headers, form: name.map { .object(itemsMember: $0) }, members: members, items: items)
        } catch let fault as PageFault { throw fault } catch {
            // A page of HTML at the start is more likely a wrong URL than a failing gateway.
            let isJSON = start == UInt8(ascii: "{") || start == UInt8(ascii: "[")
            throw PageFault(
                reason: "\(error): \(reader.excerpt)",
                hint: "a proxy or gateway may have responded instead of the API: retry",
                isTemporary: isJSON || !isFirst)
        }
    }
}

/// Finds the items of a page.
private struct PageReader {
    let body: [UInt8]
    let itemsMember: String?
    let progress: ListProgress
    /// Computed only for errors: the secrets have many encodings.
    let secrets: () -> [Secret]

    /// The names of list members on the platforms, most specific first (`genesys-cloud.md` section 5, `cxone.md` section 3).
    private static let listNames = [
        "entities", "conversations", "userDetails", "results", "Resources", "agents", "completedContacts",
        "activeContacts", "contacts", "users", "skills", "teams", "data", "items", "value",
    ]
    private static let errorNames = [
        "error", "errors", "errorMessage", "errorCode", "error_description", "message", "fault", "exception",
    ]

    private var isFirst: Bool { progress.form == nil }
    var excerpt: String { sanitized(body, without: secrets()) }

    func fault(_ reason: String, isTemporary: Bool = true) -> PageFault {
        PageFault(
            reason: reason, hint: "a proxy or gateway may have responded instead of the API: retry",
            isTemporary: isTemporary)
    }

    private func notAList(_ reason: String, _ hint: String, _ members: [Page.Member]) -> PageFault {
        let names = members.prefix(20).map { sanitized($0.name, without: secrets(), limit: 40) }
        return PageFault(
            reason: reason, hint: "\(hint): \(names.joined(separator: ", "))", isTemporary: !isFirst,
            isOtherObject: true)
    }

    /// Returns the name of the member with the items, and the ranges of the items. Some lists omit the member after the last page,
    /// which results in an empty page.
    func items(_ members: [Page.Member]) throws(PageFault) -> (name: String?, items: [Range<Int>]) {
        var wanted = itemsMember
        if case .object(let member)? = progress.form { wanted = member }
        if let wanted {
            if let member = members.last(where: { $0.name == wanted }) {
                return (wanted, try elements(member, members))
            }
            try refuseError(members)
            if isOmitted(members) { return (nil, []) }
            throw notAList(
                "it has no member '\(sanitized(wanted, limit: 60))': \(excerpt)", "its members are", members)
        }
        let arrays = members.filter { $0.elements != nil }
        for name in Self.listNames {
            if let member = arrays.last(where: { $0.name == name }) { return (name, member.elements ?? []) }
        }
        let named = members.last { Self.listNames.contains($0.name) }
        if arrays.count == 1, named == nil { return (arrays[0].name, arrays[0].elements ?? []) }
        if arrays.isEmpty, let named { return (named.name, try elements(named, members)) }
        try refuseError(members)
        if arrays.isEmpty, !members.isEmpty, isOmitted(members) { return (nil, []) }
        throw notAList(
            "it has no list of items: \(excerpt)", "name the member that contains the list, one of", members)
    }

    private func elements(_ member: Page.Member, _ members: [Page.Member]) throws(PageFault) -> [Range<Int>] {
        if let elements = member.elements { return elements }
        let name = sanitized(member.name, without: secrets(), limit: 60)
        guard (try? JSONReader.parse(body, in: member.range)) == .null else {
            throw notAList("'\(name)' is not a list", "its members are", members)
        }
        if PageMembers.total(of: members, in: body) == 0 { return [] }
        throw fault("'\(name)' is null")
    }

    /// Refuses the description of an error that was sent with a status of success.
    private func refuseError(_ members: [Page.Member]) throws(PageFault) {
        guard members.contains(where: { Self.errorNames.contains($0.name) }) else { return }
        let status = members.last { $0.name == "status" || $0.name == "statusCode" }
            .flatMap { (try? JSONReader.parse(body, in: $0.range))?.text }.flatMap { Int($0) }
        throw PageFault(
            reason: "it has no list of items, but an error with a status of success: \(excerpt)",
            hint: "check the call against the API documentation, or retry",
            isTemporary: !isFirst || (500...599).contains(status ?? 0))
    }

    /// Whether a page may omit the member with the items: a page of a query without results, or after the last page.
    private func isOmitted(_ members: [Page.Member]) -> Bool {
        if members.isEmpty { return progress.total == nil }
        if isFirst, members.contains(where: { $0.elements?.isEmpty == false }) { return false }
        if isFirst, let total = PageMembers.total(of: members, in: body), total > 0 { return false }
        return members.contains { PageMembers.isPaging($0.name) }
    }
}
