/// Where the programs that read `.env` files disagree: python-dotenv, Node.js and its `dotenv` package, Ruby's, Docker
/// Compose and shells were run over the same files; they agree on less than half of the tricky lines.
enum DotenvAmbiguity {
    static let oddWhiteSpace = "the white space beside it is not a space, and not everywhere dropped; remove it"
    static let openBacktick = "the backtick before it opens a quote there; put that value into single quotes"

    /// A value without quotes.
    static func bare(_ value: ArraySlice<UInt8>) -> String? {
        if value.contains(UInt8(ascii: "#")) { return "'#' begins a comment there; put the value into single quotes" }
        if value.first == UInt8(ascii: "`") { return "backticks are quotes there; put the value into single quotes" }
        if mayExpand(value) { return "'$' is expanded there; put the value into single quotes" }
        return value.contains(UInt8(ascii: "\\"))
            ? "a backslash is an escape there; put the value into single quotes" : nil
    }

    /// What stands between quotes.
    static func quoted(_ content: ArraySlice<UInt8>, _ quote: UInt8) -> String? {
        let isSingle = quote == UInt8(ascii: "'")
        let pairs = zip(content, content.dropFirst())
        if pairs.contains(where: { $0 == UInt8(ascii: "$") && $1 == UInt8(ascii: "{") }) {
            return "'${' is expanded there; keep the value in a file, and name that"
        }
        if isSingle {
            let isEscaping = pairs.contains { $0 == UInt8(ascii: "\\") && ($1 == UInt8(ascii: "\\") || $1 == quote) }
            return isEscaping || content.last == UInt8(ascii: "\\")
                ? "a backslash stands for itself there; keep the value in a file, and name that" : nil
        }
        if content.contains(UInt8(ascii: "\\")) {
            return "escapes are not read alike there; put the value into single quotes"
        }
        return mayExpand(content) ? "'$' is expanded there; put the value into single quotes" : nil
    }

    private static func mayExpand(_ value: ArraySlice<UInt8>) -> Bool {
        zip(value, value.dropFirst()).contains {
            $0 == UInt8(ascii: "$") && ($1.isAlphanumeric || "_{($".utf8.contains($1))
        }
            || value.contains(UInt8(ascii: "`"))
    }
}
