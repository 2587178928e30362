/// A pattern that matches a whole text, or with a `*` at either end a part of it: `/api/v2/*`, `*.pure.cloud`.
struct Pattern {
    private let text: Substring
    private let isOpenBefore: Bool
    private let isOpenBehind: Bool

    init(_ pattern: String) {
        isOpenBefore = pattern.hasPrefix("*")
        isOpenBehind = pattern.hasSuffix("*") && pattern.utf8.count > 1
        text = pattern.dropFirst(isOpenBefore ? 1 : 0).dropLast(isOpenBehind ? 1 : 0)
    }

    /// Whether the pattern contains no `*` except at its ends.
    var isLegal: Bool { !text.contains("*") }

    func fits(_ value: String) -> Bool {
        switch (isOpenBefore, isOpenBehind) {
        case (true, true): value.contains(text)
        case (true, false): value.hasSuffix(text)
        case (false, true): value.hasPrefix(text)
        case (false, false): value == text
        }
    }
}
