import RingdownCore
import Testing

@testable import Ringdown

@Suite struct PagingTests {
    /// Decides about the first page of a list, or about a page after `before`.
    private func decide(
        _ call: APICall, _ body: String, headers: Headers = [:], status: Int = 200, items: String? = nil,
        after before: ListProgress = ListProgress(), pointer: String? = nil
    ) throws -> ListDecision {
        let reading = Result { () throws(PageFault) in
            try Page(
                Array(body.utf8), status: status, headers: headers, itemsMember: items, title: "a page",
                progress: before)
        }
        var progress = before
        if case .success(let page) = reading { _ = progress.add(page) }
        return Paging.decide(reading, after: call, progress, pointer: try pointer.map { try NextPointer($0) })
    }

    /// The decision as text: the path of the next call, `end`, `short`, `about`, `broken`, `permanent`, or the member that announces
    /// more.
    private func text(_ decision: ListDecision) -> String {
        switch decision {
        case .more(let call): call.path
        case .end(nil): "end"
        case .end(let missing?): missing.isExact ? "short" : "about"
        case .broken(let fault): fault.isTemporary ? "broken" : "permanent"
        case .unfollowed(let member): "?" + member
        }
    }

    /// The progress after a page of objects with `count` items.
    private func progress(_ count: Int, total: Int? = nil, items: String = "entities") throws -> ListProgress {
        var progress = ListProgress()
        let list = Array(repeating: "{}", count: count).joined(separator: ",")
        let body = "{\"\(items)\":[\(list)]" + (total.map { ",\"total\":\($0)" } ?? "") + "}"
        _ = progress.add(try Page(Array(body.utf8), itemsMember: nil, title: "a page"))
        return progress
    }

    /// The paging styles of both platforms and of other APIs: a call, the first page, and the decision.
    @Test(
        arguments: [
            // A
            (
                "/u?pageSize=1", #"{"entities":[{}],"pageNumber":1,"pageCount":3,"nextUri":"/u?pageNumber=2"}"#,
                "/u?pageNumber=2"
            ),
            (
                "/u?pageSize=1&pageNumber=1", #"{"entities":[{}],"pageNumber":1,"pageCount":3}"#,
                "/u?pageSize=1&pageNumber=2"
            ),
            ("/u", #"{"entities":[{}],"pageNumber":3,"pageCount":3}"#, "end"),
            (
                "/u", #"{"entities":[],"pageNumber":1,"pageCount":3,"nextUri":"/u?pageNumber=2"}"#,
                "/u?pageNumber=2"
            ),
            ("/u", #"{"entities":[],"pageNumber":1,"pageCount":3}"#, "/u?pageNumber=2"),
            ("/u", #"{"entities":[{}],"pageCount":2}"#, "/u?pageNumber=2"),
            ("/u", #"{"entities":[{}],"pageNumber":3,"pageCount":3,"total":3}"#, "short"),
            // B
            ("/teams", #"{"entities":[{}],"nextUri":"/teams?after=x"}"#, "/teams?after=x"),
            ("/teams", #"{"entities":[],"nextUri":"/teams?after=x"}"#, "/teams?after=x"),
            ("/teams", #"{"entities":[{}],"previousUri":"/teams?before=x"}"#, "end"),
            // C
            (
                "/jobs/1/results?pageSize=5", #"{"conversations":[],"cursor":"a b+"}"#,
                "/jobs/1/results?pageSize=5&cursor=a%20b%2B"
            ),
            ("/jobs/1/results?cursor=a", #"{"conversations":[{}],"cursor":"b"}"#, "/jobs/1/results?cursor=b"),
            ("/jobs/1/results?cursor=a", #"{"conversations":[{}]}"#, "end"),
            // D
            ("/scan?limit=9", #"{"entities":[],"cursors":{"after":"k"}}"#, "/scan?limit=9&cursor=k"),
            ("/scan", #"{"entities":[],"cursors":{"after":"k"},"nextUri":"/scan?cursor=k"}"#, "/scan?cursor=k"),
            ("/scan", #"{"entities":[{}],"cursors":{"before":"k"}}"#, "end"),
            // G
            (
                "/scim/v2/users?count=2", #"{"Resources":[{},{}],"startIndex":1,"itemsPerPage":2,"totalResults":3}"#,
                "/scim/v2/users?count=2&startIndex=3"
            ),
            (
                "/scim/v2/users", #"{"Resources":[],"startIndex":3,"itemsPerPage":2,"totalResults":9}"#,
                "/scim/v2/users?startIndex=5"
            ),
            ("/scim/v2/users", #"{"Resources":[{}],"startIndex":1,"itemsPerPage":2,"totalResults":1}"#, "end"),
            // H
            ("/usage", #"{"results":[{}],"cursors":{"after":"k"},"queryStatus":"Complete"}"#, "/usage?after=k"),
            ("/usage", #"{"results":[],"queryStatus":"Running"}"#, "?queryStatus"),
            // I
            ("/quality?expand=x", #"{"entities":[{}],"nextPage":"opaque"}"#, "/quality?expand=x&nextPage=opaque"),
            // CXone: links, positions without links, cursors in links, scroll tokens
            (
                "/agents?skip=0", #"{"agents":[{}],"_links":{"next":"https://c/agents?skip=1"}}"#,
                "https://c/agents?skip=1"
            ),
            (
                "/agents?skip=0", #"{"agents":[],"_links":{"next":"https://c/agents?skip=1"}}"#,
                "https://c/agents?skip=1"
            ),
            ("/agents?skip=0", #"{"agents":[{}],"_links":{"self":"https://c/agents"}}"#, "end"),
            ("/agents?skip=0", #"{"agents":[{}],"_links":{"next":""}}"#, "end"),
            ("/identities?skip=0&top=2", #"{"totalRecords":5,"users":[{},{}]}"#, "/identities?top=2&skip=2"),
            ("/identities?skip=0&top=2", #"{"totalRecords":5,"users":[]}"#, "/identities?top=2&skip=2"),
            ("/identities?skip=0", #"{"totalRecords":1,"users":[{}]}"#, "end"),
            ("/reports", #"{"data":[{}],"links":{"next":"https://c/reports?Ref=1"}}"#, "https://c/reports?Ref=1"),
            ("/dfo", #"{"hits":30,"scrollToken":"s","data":[{}]}"#, "/dfo?scrollToken=s"),
            ("/dfo?scrollToken=r", #"{"hits":30,"scrollToken":"s","data":[]}"#, "/dfo?scrollToken=s"),
            ("/dfo?scrollToken=r", #"{"hits":0,"scrollToken":"s","data":[]}"#, "end"),
            // Other APIs
            ("/x", #"{"count":6,"next":"/x?page=2","results":[{},{}]}"#, "/x?page=2"),
            ("/x", #"{"count":2,"next":null,"results":[{},{}]}"#, "end"),
            ("/a/x", #"{"value":[{}],"@odata.nextLink":"x?$skiptoken=2"}"#, "/a/x?$skiptoken=2"),
            ("/x?a=1", #"{"items":[{}],"nextLink":"?a=1&b=2"}"#, "/x?a=1&b=2"),
            ("/x", #"{"items":[{}],"meta":{"next":"/x?page=2"}}"#, "/x?page=2"),
            ("/x", #"{"items":[{}],"paging":{"next":{"href":"/x?page=2"}}}"#, "/x?page=2"),
            ("/x", #"{"items":[{}],"links":[{"rel":"self","href":"/x"},{"rel":"next","href":"/x?p=2"}]}"#, "/x?p=2"),
            ("/x", #"{"items":[{}],"nextPageToken":"2"}"#, "/x?pageToken=2"),
            ("/x", #"{"items":[],"has_more":true,"next_cursor":"c"}"#, "/x?cursor=c"),
            ("/x", #"{"items":[{}],"has_more":false,"next_cursor":"c"}"#, "end"),
            ("/x?page=1", #"{"items":[{}],"totalPages":2}"#, "/x?page=2"),
            ("/x?page=1&per_page=1", #"{"items":[{}],"total":2}"#, "/x?per_page=1&page=2"),
            ("/x?offset=0&limit=2", #"{"items":[{},{}],"total":3}"#, "/x?limit=2&offset=2"),
            ("/x?offset=0", #"{"items":[{},{}],"has_more":true}"#, "/x?offset=2"),
            // Announcements that cannot be followed
            ("/x", #"{"data":[{}],"has_more":true}"#, "?has_more"),
            ("/x", #"{"agents":[{},{}],"totalRecords":6}"#, "?totalRecords"),
            ("/x", #"{"items":[{}],"count":6}"#, "?count"),
            ("/x", #"{"items":[{}],"totalPages":6,"page":{}}"#, "?totalPages"),
            ("/x", #"{"items":[{}],"next":"opaque"}"#, "?next"),
            ("/x", #"{"items":[{}],"paging":{"next":{"href":null}}}"#, "end"),
            ("/x", #"{"items":[{}],"pageInfo":{"hasNextPage":true,"endCursor":"c"}}"#, "?pageInfo.hasNextPage"),
            ("/x", #"{"items":[{}],"pageInfo":{"hasNextPage":false,"endCursor":"c"}}"#, "end"),
            ("/x", #"[{}]"#, "end"), ("/x", #"{"items":[{}]}"#, "end"),
            // Broken pages
            ("/x", "", "broken"), ("/x", " ", "broken"), ("/x", #"{"entities":[{}"#, "broken"),
            ("/x", #"{"entities":null}"#, "broken"), ("/x", #"{"entities":null,"total":0}"#, "end"),
            ("/x", #"{"message":"x","status":500}"#, "broken"), ("/x", #"{"message":"x"}"#, "permanent"),
            ("/x", "<html>", "permanent"), ("/x", #"{"data":{}}"#, "permanent"),
        ] as [(String, String, String)])
    func `decides about the first page in every paging style`(path: String, body: String, wanted: String) throws {
        #expect(text(try decide(APICall(path), body)) == wanted)
    }

    @Test(
        arguments: [
            ("", "broken"), ("[]", "broken"), (#"{"entities":null}"#, "broken"), ("<html>", "broken"),
            (#"{"message":"x","status":500}"#, "broken"), (#"{"errors":[1],"entities":{}}"#, "broken"),
            (#"{"other":[{}]}"#, "broken"), (#"{"entities":[{}]}"#, "short"), ("{}", "broken"),
            (#"{"entities":[{},{}]}"#, "end"), (#"{"total":2,"pageCount":1,"pageNumber":2}"#, "end"),
        ] as [(String, String)])
    func `a page in the middle has the form of the previous pages`(body: String, wanted: String) throws {
        let before = try progress(2, total: 4)
        #expect(text(try decide(APICall("/x"), body, after: before)) == wanted)
    }

    @Test func `a 204 is the end, also before the total is reached`() throws {
        #expect(text(try decide(APICall("/x"), "", status: 204)) == "end")
        #expect(text(try decide(APICall("/x"), "", status: 204, after: try progress(2))) == "end")
        #expect(text(try decide(APICall("/x"), "", status: 204, after: try progress(2, total: 4))) == "short")
    }

    @Test func `an omitted list is empty only for a query without results`() throws {
        let call = APICall("POST", "/query", json: ["paging": ["pageSize": 2, "pageNumber": 1]])
        for body in ["{}", #"{"totalHits":0}"#, #"{"totalHits":0,"aggregations":[]}"#] {
            #expect(text(try decide(call, body, items: "conversations")) == "end")
        }
        for body in [#"{"totalHits":3}"#, #"{"entities":[{}]}"#] {
            #expect(text(try decide(call, body, items: "conversations")) == "permanent")
        }
    }

    @Test(
        arguments: [
            (#"</x?page=2>; rel="next""#, "/x?page=2"),
            (#"</x?a=,;>; rel=prev, </x?b>; rel="last next"; a="b,c""#, "/x?b"),
            (#"<https://c/x>; title="a, b; rel=next"; rel="prev""#, "end"), (#"<?page=2>;REL=NEXT"#, "/x?page=2"),
            ("", "end"), ("<x", "end"), (#"<>; rel="next""#, "end"),
        ] as [(String, String)])
    func `follows the Link header field`(field: String, wanted: String) throws {
        #expect(text(try decide(APICall("/x"), "[{}]", headers: ["Link": field])) == wanted)
    }

    @Test(
        arguments: [
            ("/meta/more/1", #"{"items":[{}],"meta":{"more":["a","/x?b"]}}"#, "/x?b"),
            ("/a~1b~0", #"{"items":[{}],"a/b~":"https://c/x"}"#, "https://c/x"),
            ("/nextToken", #"{"items":[{}],"nextToken":"t"}"#, "/x?token=t"),
            ("/next_cursor", #"{"items":[{}],"next_cursor":"t"}"#, "/x?cursor=t"),
            ("/next", #"{"items":[{}],"next":2}"#, "/x?page=2"), ("/next", #"{"items":[{}],"next":null}"#, "end"),
            ("/nothing", #"{"items":[{}]}"#, "?/nothing"), ("/nothing", #"{"items":[]}"#, "end"),
            ("/nothing", #"{"items":[{}],"total":1}"#, "end"), ("header:Link", #"{"items":[{}]}"#, "end"),
            ("header:X-Next", #"{"items":[{}]}"#, "?header:X-Next"),
        ] as [(String, String, String)])
    func `follows a place that the caller names`(pointer: String, body: String, wanted: String) throws {
        #expect(text(try decide(APICall("/x"), body, pointer: pointer)) == wanted)
    }

    @Test(arguments: ["", "/", "next", "header:", "$.next"])
    func `rejects a place that is neither a JSON pointer nor a header field`(pointer: String) {
        #expect(throws: NextPointer.Invalid.self) { try NextPointer(pointer) }
    }

    @Test func `sets the next page of a query in its body`() throws {
        func query(_ json: JSON) -> APICall { APICall("POST", "/query", json: json) }
        func body(_ decision: ListDecision) throws -> JSON? {
            guard case .more(let call) = decision else { return nil }
            return try JSONReader.parse(call.body)
        }
        let details = query(["interval": "x", "paging": ["pageSize": 2, "pageNumber": 1]])
        let full = #"{"conversations":[{},{}],"totalHits":2}"#
        #expect(try body(decide(details, full))?["paging"]?["pageNumber"] == 2)
        #expect(try body(decide(details, full))?["interval"] == "x")
        // A server that returns fewer items than requested.
        let capped = try body(decide(details, #"{"conversations":[{}],"totalHits":9}"#))
        #expect(capped?["paging"] == ["pageSize": 1, "pageNumber": 2])
        #expect(try body(decide(details, #"{"conversations":[{}]}"#))?["paging"]?["pageNumber"] == 2)
        #expect(try text(decide(details, #"{"conversations":[{}],"totalHits":1}"#)) == "end")
        let late = query(["paging": ["pageSize": 2, "pageNumber": 3]])
        let before = try progress(4, items: "conversations")
        #expect(try text(decide(late, #"{"conversations":[],"totalHits":5}"#, after: before)) == "about")
        #expect(try text(decide(late, #"{"totalHits":4}"#, after: before)) == "end")
        // An approximate total does not outlive an empty page.
        #expect(try text(decide(late, #"{"totalHits":9}"#, after: before)) == "about")
        let search = query(["pageSize": 1, "pageNumber": 2, "query": []])
        #expect(try body(decide(search, #"{"results":[{}],"pageCount":3,"pageNumber":2}"#))?["pageNumber"] == 3)
        #expect(try text(decide(search, #"{"results":[{}],"pageCount":2,"pageNumber":2,"nextPage":"x"}"#)) == "end")
        let hub = query(["skip": 0, "top": 2])
        #expect(try body(decide(hub, #"{"users":[{},{}],"totalRecords":3}"#))?["skip"] == 2)
        #expect(try body(decide(hub, #"{"users":[],"totalRecords":3}"#))?["skip"] == 2)
        let users = query(["pageSize": 1])
        #expect(try body(decide(users, #"{"userDetails":[{}],"cursor":"c"}"#))?["cursor"] == "c")
    }

    @Test func `does not send a body to another path`() throws {
        let call = APICall("POST", "/a/query", json: ["x": 1])
        #expect(try text(decide(call, #"{"items":[{}],"next":"https://c/a/query?page=2"}"#)) == "/a/query?page=2")
        #expect(try text(decide(call, #"{"items":[{}],"next":"/a/delete?page=2"}"#)) == "?next")
    }

    @Test func `parses every form of a page and rejects other bodies`() throws {
        func count(_ body: String, items: String? = nil) throws -> Int {
            try Page(Array(body.utf8), itemsMember: items, title: "x").count
        }
        #expect(try count(" [1, 2]") == 2)
        #expect(try count(#"{"resultSet":{"campaigns":[{}],"total":"1"}}"#) == 1)
        #expect(try count(#"{"odd":[1],"total":1}"#) == 1)
        #expect(try count(#"{"a":[1],"b":[1,2]}"#, items: "b") == 2)
        #expect(try count(#"{"total":0}"#) == 0)
        for body in ["", "<html>", #"{"message":"no list"}"#, #"{"a":[],"b":[]}"#, #"{"entities":[1,}"#, "7", "{}"] {
            #expect(throws: PageFault.self) { try count(body) }
        }
        #expect(throws: PageFault.self) { try count(#"{"entities":{}}"#, items: "entities") }
    }

    @Test func `reports a changed total and repeated items of page numbers once`() throws {
        func page(_ total: Int) throws -> Page {
            try Page(Array("{\"entities\":[{},{}],\"total\":\(total)}".utf8), itemsMember: nil, title: "x")
        }
        var progress = ListProgress()
        #expect(progress.add(try page(8), isPositional: true) == [])
        #expect(
            progress.add(try page(9), newItems: 1, isPositional: true) == [
                .totalChanged(from: 8, to: 9), .overlap(items: 1),
            ])
        #expect(progress.add(try page(8), newItems: 1, isPositional: true) == [])
        #expect(ListProgress(progress.json)?.missing?.count == 8)
        #expect(progress.items == 4 && progress.duplicates == 2 && progress.pages == 3)
    }

    @Test func `drops duplicate items and keeps items without an identity`() throws {
        var recent = RecentItems()
        func unique(_ body: String, _ identity: String?) throws -> Int {
            recent.unique(try Page(Array(body.utf8), itemsMember: nil, title: "x"), by: identity).count
        }
        #expect(try unique(#"[{"id":1},{"id":"1"},{"id":1},{"name":"x"},{"name":"x"}]"#, "id") == 4)
        #expect(try unique(#"[{"x":[],"id":1},{"id":2}]"#, "id") == 1)
        #expect(try unique(#"[{"id":2},{"id":2}]"#, nil) == 2)
        #expect(try unique(#"[{"id":null},{"id":null},{"id":""},{"id":""},{"id":"x"},{"id":"x"}]"#, "id") == 5)
    }

    @Test func `splits intervals at midnight`() throws {
        let interval = try Interval("2026-11-01T12:00:00Z/2026-11-17")
        let parts = interval.parts(noLongerThan: .seconds(7 * 86400))
        #expect(
            parts.map(\.description) == [
                "2026-11-01T12:00:00.000Z/2026-11-08T00:00:00.000Z",
                "2026-11-08T00:00:00.000Z/2026-11-15T00:00:00.000Z",
                "2026-11-15T00:00:00.000Z/2026-11-17T00:00:00.000Z",
            ])
    }

    @Test(arguments: [
        "", "2026-11-01", "2026-11-02/2026-11-01", "2026-02-30/2026-03-05", "x/y", "2026-11-01/2026-11-01",
    ])
    func `rejects invalid intervals`(text: String) {
        #expect(throws: Interval.Invalid.self) { try Interval(text) }
    }
}
