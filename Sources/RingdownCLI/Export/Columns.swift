internal import Ringdown
internal import RingdownCore

enum ListFormat: String, ChoiceParameter { case table, json, ndjson, csv }

/// The columns of a table: their names, and the fields of an item.
struct Columns: Sendable {
    var names: [String]
    /// Returns the fields of an item, one for each name. Throws ``APIError`` if the item is not valid.
    var fields: @Sendable (ArraySlice<UInt8>) throws -> [String]
    /// Whether the names come from the command line, and may be mistyped.
    var areChosen = false

    /// The names from the command line that no item on the page has. Platforms omit empty members, so this is not an error.
    func unknown(in page: Page) throws -> [String] {
        guard areChosen, !page.isEmpty else { return [] }
        var unknown = Set(names.indices)
        for item in page.items {
            for (index, field) in try fields(item).enumerated() where !field.isEmpty { unknown.remove(index) }
            if unknown.isEmpty { break }
        }
        return unknown.sorted().map { names[$0] }
    }

    /// The members with these names, `a.b` for a nested member. The field is empty if an item does not have the member.
    static func members(_ names: [String]) -> Columns {
        let paths = names.map { $0.split(separator: ".").map(String.init) }
        return Columns(names: names) { item in
            let json = try JSONReader.parse(Array(item))
            guard case .object = json else {
                throw APIError(
                    .malformedResponse, "an item of the list is not an object: \(sanitized(Array(item), limit: 80))",
                    hint: "print the list with ndjson output, which has no columns")
            }
            return paths.map { path in cell(path.reduce(json) { $0[$1] ?? .null }) }
        }
    }

    /// The text of a value in a field.
    static func cell(_ value: JSON) -> String {
        value == .null ? "" : value.text ?? value.bool.map { "\($0)" } ?? value.description
    }
}

/// The columns that come from the first page: the union of the members of its items that are neither arrays nor objects, in the order
/// in which they occur. If no item has such a member, all members are columns. Items that are not objects have the column `value`.
struct DerivedColumns {
    let names: [String]
    /// The members of later items that have a value, but no column.
    private(set) var lateMembers: [String]
    private static let bare = "value"

    /// - Parameter lateMembers: The members that were found before the list was resumed.
    init(_ names: [String], lateMembers: [String] = []) {
        (self.names, self.lateMembers) = (names, lateMembers)
    }

    /// - Parameters:
    ///   - items: The items of the first page.
    ///   - known: The columns that the list has even if no item on the page has the member.
    init(of items: some Sequence<ArraySlice<UInt8>>, known: [String]) {
        var (simple, all, isSimple, isKnown) = ([String](), [String](), Set<String>(), Set<String>())
        for item in items {
            let json = (try? JSONReader.parse(Array(item))) ?? .null
            for member in json.members ?? [.init(Self.bare, "")] {
                if isKnown.insert(member.name).inserted { all.append(member.name) }
                let fits = member.value == .null || Self.isSimple(member.value)
                if fits, isSimple.insert(member.name).inserted { simple.append(member.name) }
            }
        }
        let found = simple.isEmpty ? all : simple
        self.init(found + known.filter { !found.contains($0) })
    }

    private static func isSimple(_ value: JSON) -> Bool { value.text != nil || value.bool != nil }

    /// Returns the fields of an item, and records its members that have no column.
    ///
    /// - Throws: `JSONReader.Malformed` if the item is not JSON.
    mutating func fields(of item: ArraySlice<UInt8>) throws -> [String] {
        let json = try JSONReader.parse(Array(item))
        let members = json.members ?? [.init(Self.bare, json)]
        for member in members where Self.isSimple(member.value) || json.members == nil {
            if !names.contains(member.name), !lateMembers.contains(member.name) { lateMembers.append(member.name) }
        }
        let object = JSON.object(members)
        return names.map { Columns.cell(object[$0] ?? .null) }
    }
}
