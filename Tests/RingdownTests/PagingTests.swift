import RingdownCore
import Testing

@testable import Ringdown

@Suite struct PagingTests {
    private func next(_ call: APICall, _ body: String, items: String? = nil) throws -> APICall? {
        Paging.next(after: try Page(Array(body.utf8), itemsMember: items, title: "a page"), call)
    }

    /// The paging styles of both platforms: a call, a page, and the path of the next call.
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
            ("/u", #"{"entities":[{}],"pageNumber":3,"pageCount":3}"#, nil),
            ("/u", #"{"entities":[],"pageNumber":1,"pageCount":3,"nextUri":"/u?pageNumber=2"}"#, nil),
            // B
            ("/teams", #"{"entities":[{}],"nextUri":"/teams?after=x"}"#, "/teams?after=x"),
            ("/teams", #"{"entities":[{}],"previousUri":"/teams?before=x"}"#, nil),
            // C
            (
                "/jobs/1/results?pageSize=5", #"{"conversations":[],"cursor":"a b+"}"#,
                "/jobs/1/results?pageSize=5&cursor=a%20b%2B"
            ),
            ("/jobs/1/results?cursor=a", #"{"conversations":[{}],"cursor":"b"}"#, "/jobs/1/results?cursor=b"),
            ("/jobs/1/results?cursor=a", #"{"conversations":[{}]}"#, nil),
            // D
            ("/scan?limit=9", #"{"entities":[],"cursors":{"after":"k"}}"#, "/scan?limit=9&cursor=k"),
            ("/scan", #"{"entities":[],"cursors":{"after":"k"},"nextUri":"/scan?cursor=k"}"#, "/scan?cursor=k"),
            ("/scan", #"{"entities":[{}],"cursors":{"before":"k"}}"#, nil),
            // G
            (
                "/scim/v2/users?count=2", #"{"Resources":[{},{}],"startIndex":1,"itemsPerPage":2,"totalResults":3}"#,
                "/scim/v2/users?count=2&startIndex=3"
            ),
            ("/scim/v2/users", #"{"Resources":[{}],"startIndex":3,"itemsPerPage":2,"totalResults":3}"#, nil),
            // H
            ("/usage", #"{"results":[{}],"cursors":{"after":"k"},"queryStatus":"Complete"}"#, "/usage?after=k"),
            // I
            ("/quality?expand=x", #"{"entities":[{}],"nextPage":"opaque"}"#, "/quality?expand=x&nextPage=opaque"),
            // CXone: links, positions without links, cursors in links, scroll tokens
            (
                "/agents?skip=0", #"{"agents":[{}],"_links":{"next":"https://c/agents?skip=1"}}"#,
                "https://c/agents?skip=1"
            ),
            ("/agents?skip=0", #"{"agents":[{}],"_links":{"self":"https://c/agents"}}"#, nil),
            ("/agents?skip=0", #"{"agents":[{}],"_links":{"next":""}}"#, nil),
            ("/identities?skip=2&top=2", #"{"totalRecords":5,"users":[{},{}]}"#, "/identities?top=2&skip=4"),
            ("/identities?skip=4", #"{"totalRecords":5,"users":[{}]}"#, nil),
            ("/reports", #"{"data":[{}],"links":{"next":"https://c/reports?Ref=1"}}"#, "https://c/reports?Ref=1"),
            ("/dfo", #"{"hits":30,"scrollToken":"s","data":[{}]}"#, "/dfo?scrollToken=s"),
            ("/dfo?scrollToken=r", #"{"hits":30,"scrollToken":"s","data":[]}"#, nil),
        ] as [(String, String, String?)])
    func `finds the next page in every paging style`(path: String, body: String, wanted: String?) throws {
        #expect(try next(APICall(path), body)?.path == wanted)
    }

    @Test func `sets the next page of a query in its body`() throws {
        func query(_ json: JSON) -> APICall { APICall("POST", "/query", json: json) }
        func body(_ call: APICall?) throws -> JSON? { try call.map { try JSONReader.parse($0.body) } }
        let details = query(["interval": "x", "paging": ["pageSize": 2, "pageNumber": 1]])
        let full = #"{"conversations":[{},{}],"totalHits":2}"#
        #expect(try body(next(details, full))?["paging"]?["pageNumber"] == 2)
        #expect(try body(next(details, full))?["interval"] == "x")
        #expect(try next(details, #"{"conversations":[{}],"totalHits":9}"#) == nil)
        #expect(try next(details, #"{"totalHits":9}"#) == nil)
        let search = query(["pageSize": 1, "pageNumber": 2, "query": []])
        #expect(try body(next(search, #"{"results":[{}],"pageCount":3,"pageNumber":2}"#))?["pageNumber"] == 3)
        #expect(try next(search, #"{"results":[{}],"pageCount":2,"pageNumber":2}"#) == nil)
        let hub = query(["skip": 0, "top": 2])
        #expect(try body(next(hub, #"{"users":[{},{}],"totalRecords":3}"#))?["skip"] == 2)
        let users = query(["pageSize": 1])
        #expect(try body(next(users, #"{"userDetails":[{}],"cursor":"c"}"#))?["cursor"] == "c")
    }

    @Test func `parses every form of a page and rejects other bodies`() throws {
        func count(_ body: String, items: String? = nil) throws -> Int {
            try Page(Array(body.utf8), itemsMember: items, title: "x").count
        }
        #expect(try count("") == 0)
        #expect(try count(" [1, 2]") == 2)
        #expect(try count(#"{"resultSet":{"campaigns":[{}],"total":"1"}}"#) == 1)
        #expect(try count(#"{"odd":[1],"total":1}"#) == 1)
        #expect(try count(#"{"a":[1],"b":[1,2]}"#, items: "b") == 2)
        #expect(try count(#"{"total":0}"#) == 0)
        for body in ["<html>", #"{"message":"no list"}"#, #"{"a":[],"b":[]}"#, #"{"entities":[1,}"#, "7"] {
            #expect(throws: APIError.self) { try count(body) }
        }
        #expect(throws: APIError.self) { try count(#"{"entities":{}}"#, items: "entities") }
    }

    @Test func `drops duplicate items and keeps items without an identity`() throws {
        var recent = RecentItems()
        func unique(_ body: String, _ identity: String?) throws -> Int {
            recent.unique(try Page(Array(body.utf8), itemsMember: nil, title: "x"), by: identity).count
        }
        #expect(try unique(#"[{"id":1},{"id":"1"},{"id":1},{"name":"x"},{"name":"x"}]"#, "id") == 4)
        #expect(try unique(#"[{"x":[],"id":1},{"id":2}]"#, "id") == 1)
        #expect(try unique(#"[{"id":2},{"id":2}]"#, nil) == 2)
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
