internal import Foundations

/// The items of a list, one after the other, however many pages they come in.
///
/// Throws ``APIError``, `TokenError` and `CancellationError`; what came before an error is not lost.
public struct Items<Item: Sendable>: AsyncSequence, Sendable {
    public let pages: Pages
    /// Reads an item; nil where it is none.
    let read: @Sendable ([UInt8]) -> Item?

    public func makeAsyncIterator() -> Iterator { Iterator(pages: pages.makeAsyncIterator(), read: read) }

    public struct Iterator: AsyncIteratorProtocol {
        private var pages: Pages.Iterator
        private let read: @Sendable ([UInt8]) -> Item?
        private var items: ArraySlice<Item> = []

        fileprivate init(pages: Pages.Iterator, read: @escaping @Sendable ([UInt8]) -> Item?) {
            (self.pages, self.read) = (pages, read)
        }

        public mutating func next() async throws -> Item? {
            while items.isEmpty {
                guard let page = try await pages.next() else { return nil }
                items = try page.items.map { bytes throws(APIError) in
                    if let item = read(Array(bytes)) { return item }
                    throw APIError(
                        .malformedResponse, "an item of the page \(page.title) has no id: \(excerpt(bytes))",
                        hint: "the list is not what the API's description says: report it"
                    )
                }[...]
            }
            return items.removeFirst()
        }
    }
}
