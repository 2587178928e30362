internal import RingdownCore

/// The items of a list, one after the other, however many pages they come in.
///
/// Throws ``APIError``, `TokenError` and `CancellationError`; what came before an error is not lost.
public struct Items<Item: Sendable>: AsyncSequence, Sendable {
    public let pages: Pages
    /// Reads an item; nil where it is none.
    let read: @Sendable ([UInt8]) -> Item?

    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator(), items: self) }

    /// Reads an item of a page. Throws ``APIError`` where it is none.
    public func item(_ bytes: ArraySlice<UInt8>) throws(APIError) -> Item {
        if let item = read(Array(bytes)) { return item }
        throw APIError(
            .malformedResponse,
            "an item of the list has no id: \(pages.client.sanitized(String(decoding: bytes.prefix(1024), as: UTF8.self)))",
            hint: "the list is not what the API's description says: report it"
        )
    }

    public struct Iterator: AsyncIteratorProtocol {
        private var pages: Pages.Iterator
        private let items: Items
        private var page: ArraySlice<Item> = []

        fileprivate init(pages: Pages.Iterator, items: Items) {
            (self.pages, self.items) = (pages, items)
        }

        public mutating func next() async throws -> Item? {
            while page.isEmpty {
                guard let next = try await pages.next() else { return nil }
                page = try next.items.map { bytes throws(APIError) in try items.item(bytes) }[...]
            }
            return page.removeFirst()
        }
    }
}
