internal import RingdownCore

/// The paging styles of the platforms. The style is detected from the page and the call, because each resource uses one of several
/// styles (`genesys-cloud.md` section 5, styles A to I; `cxone.md` section 3.2).
package enum Paging {
    /// Returns the call for the next page; nil after the last page.
    ///
    /// - Parameters:
    ///   - page: The current page.
    ///   - call: The call that returned the current page.
    package static func next(after page: Page, _ call: APICall) -> APICall? {
        byLink(page, call) ?? byCursor(page, call) ?? byIndex(page, call) ?? byBody(page, call) ?? byNumber(page, call)
    }

    /// A link to the next page: relative (A, B), or absolute on a host of the platform (CXone).
    private static func byLink(_ page: Page, _ call: APICall) -> APICall? {
        func link(_ json: JSON?) -> String? { json?.string.flatMap { $0.isEmpty ? nil : $0 } }
        if let next = link(page.member("_links")?["next"]) ?? link(page.member("links")?["next"]) {
            return page.isEmpty ? nil : call.following(next)
        }
        guard call.method == "GET", let next = link(page.member("nextUri")) else { return nil }
        // A scan continues after empty pages. Any other list ends with an empty page.
        if page.isEmpty, page.member("cursors") == nil { return nil }
        return call.following(next)
    }

    /// A cursor in the body (C, D, H, I, and the scroll token of DFO). An empty page does not end the list.
    private static func byCursor(_ page: Page, _ call: APICall) -> APICall? {
        if let cursor = page.member("cursor")?.text, !cursor.isEmpty {
            return call.method == "GET"
                ? call.setting("cursor", cursor) : settingInBody("cursor", .string(cursor), call)
        }
        if let after = page.member("cursors")?["after"]?.text, !after.isEmpty {
            return call.setting(page.member("queryStatus") == nil ? "cursor" : "after", after)
        }
        if let token = page.member("scrollToken")?.text, !token.isEmpty {
            return page.isEmpty ? nil : call.setting("scrollToken", token)
        }
        if call.method == "GET", let token = page.member("nextPage")?.text, !token.isEmpty {
            return page.isEmpty ? nil : call.setting("nextPage", token)
        }
        return nil
    }

    /// A position that starts at 1 (G, SCIM), or at 0 without a link.
    private static func byIndex(_ page: Page, _ call: APICall) -> APICall? {
        guard !page.isEmpty else { return nil }
        if let start = page.member("startIndex")?.count, let total = page.member("totalResults")?.count {
            // The next position depends on the number of returned items, not on the requested page size.
            let next = start + page.count
            return next <= total ? call.setting("startIndex", String(next)) : nil
        }
        guard call.method == "GET", page.member("_links") == nil, let total = page.member("totalRecords")?.count,
            let skip = call.queryValue("skip").flatMap({ Int(fromServer: $0) })
        else { return nil }
        return skip + page.count < total ? call.setting("skip", String(skip + page.count)) : nil
    }

    /// The page number or position in the body of a POST call (E, F, and the search of UserHub).
    private static func byBody(_ page: Page, _ call: APICall) -> APICall? {
        guard call.method == "POST", !page.isEmpty, let body = try? JSONReader.parse(call.body) else { return nil }
        if let paging = body["paging"]?.members {
            let number = body["paging"]?["pageNumber"]?.count ?? 1
            // A page that is not full is the last one. Totals are approximate.
            guard page.count >= body["paging"]?["pageSize"]?.count ?? 25 else { return nil }
            let next = replacing("pageNumber", .int(number + 1), in: paging)
            return settingInBody("paging", .object(next), call)
        }
        if let count = page.member("pageCount")?.count {
            let number = body["pageNumber"]?.count ?? page.member("pageNumber")?.count ?? 1
            return number < count ? settingInBody("pageNumber", .int(number + 1), call) : nil
        }
        if let total = page.member("totalRecords")?.count {
            let next = (body["skip"]?.count ?? 0) + page.count
            return next < total ? settingInBody("skip", .int(next), call) : nil
        }
        return nil
    }

    /// A page number without a link (A).
    private static func byNumber(_ page: Page, _ call: APICall) -> APICall? {
        guard call.method == "GET", !page.isEmpty, let number = page.member("pageNumber")?.count,
            let count = page.member("pageCount")?.count, number < count
        else { return nil }
        return call.setting("pageNumber", String(number + 1))
    }

    private static func settingInBody(_ name: String, _ value: JSON, _ call: APICall) -> APICall? {
        guard let members = (try? JSONReader.parse(call.body))?.members else { return nil }
        var call = call
        call.body = JSON.object(replacing(name, value, in: members)).bytes()
        return call
    }

    private static func replacing(_ name: String, _ value: JSON, in members: [JSON.Member]) -> [JSON.Member] {
        members.filter { $0.name != name } + [.init(name, value)]
    }
}
