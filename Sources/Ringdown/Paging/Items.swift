internal import RingdownCore

/// The items of a list, across all pages.
///
/// The iteration throws ``APIError``, `TokenError`, and `CancellationError`. Items before an error are valid.
public struct Items<Item: Sendable>: AsyncSequence, Sendable {
    /// The pages of the list.
    public let pages: Pages
    /// Parses an item; nil if it is not one.
    let read: @Sendable ([UInt8]) throws -> Item?

    /// Returns an iterator over the items.
    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator(), items: self) }

    /// Parses an item of a page.
    ///
    /// - Throws: ``APIError`` if the bytes are not an item of the list.
    public func item(_ bytes: ArraySlice<UInt8>) throws(APIError) -> Item { try item(bytes, at: "an item of the list") }

    private func item(_ bytes: ArraySlice<UInt8>, at place: String) throws(APIError) -> Item {
        do { if let item = try read(Array(bytes)) { return item } } catch {
            let reason = (error as? DecodingError)?.summary ?? "\(error)"
            throw APIError(
                .malformedResponse, "\(place) does not match \(Item.self): \(reason)",
                hint: "compare the type with the API description, or make the member optional")
        }
        throw APIError(
            .malformedResponse,
            "\(place) has no id: \(pages.client.sanitized(String(decoding: bytes.prefix(1024), as: UTF8.self)))",
            hint: "the list does not match the API description: report it to the platform"
        )
    }

    /// An iterator over the items of a list.
    public struct Iterator: AsyncIteratorProtocol {
        private var pages: Pages.Iterator
        private let items: Items
        private var page: ArraySlice<Item> = []

        fileprivate init(pages: Pages.Iterator, items: Items) {
            (self.pages, self.items) = (pages, items)
        }

        /// Returns the next item; nil after the last one.
        public mutating func next() async throws -> Item? {
            while page.isEmpty {
                guard let next = try await pages.next() else { return nil }
                page = try next.items.enumerated().map { index, bytes throws(APIError) in
                    try items.item(bytes, at: "item \(next.number(of: index)) of the page \(next.title)")
                }[...]
            }
            return page.removeFirst()
        }
    }
}
