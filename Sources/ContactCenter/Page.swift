internal import Foundations
internal import HTTPModel

/// One page of a list: its items where they stand, and what it says about the pages around it.
struct Page {
    private let body: [UInt8]
    private let path: String
    private let members: [(name: String, range: Range<Int>)]
    private let itemRanges: [Range<Int>]

    /// Throws ``APIError`` where the response is no page. 204 and an empty body are an empty page (`cxone.md` section 3.2).
    init(_ response: Response, itemsMember: String, path: String) throws(APIError) {
        body = response.body
        self.path = path
        guard !body.isEmpty else {
            (members, itemRanges) = ([], [])
            return
        }
        do {
            members = try JSONReader.members(of: body)
            if let range = members.last(where: { $0.name == itemsMember })?.range {
                itemRanges = try JSONReader.elements(of: body, in: range)
            } else {
                itemRanges = []  // past the end some lists leave the member out
            }
        } catch {
            throw APIError(
                .malformedResponse, "the page \(path) cannot be read (\(error)): \(excerpt(body))",
                hint: "a proxy or gateway may have answered in the API's place; call again"
            )
        }
    }

    var itemCount: Int { itemRanges.count }

    func member(_ name: String) -> JSON? {
        guard let range = members.last(where: { $0.name == name })?.range else { return nil }
        return try? JSONReader.parse(body, in: range)
    }

    func items(_ user: (JSON) -> User?) throws(APIError) -> [User] {
        try itemRanges.map { range throws(APIError) in
            guard let json = try? JSONReader.parse(body, in: range), var item = user(json) else {
                throw APIError(
                    .malformedResponse, "an item of the page \(path) has no id: \(excerpt(body[range]))",
                    hint: "the list is not what the API's description says: report it"
                )
            }
            item.json = Array(body[range])
            return item
        }
    }
}
