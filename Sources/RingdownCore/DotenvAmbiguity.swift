/// Detection of values that programs read differently.
///
/// python-dotenv, Node.js, its `dotenv` package, Ruby's dotenv, Docker Compose and shells were run on the same files. They agree
/// on fewer than half of the unusual lines.
enum DotenvAmbiguity {
    static let oddWhiteSpace = "some programs keep white space other than spaces around the value; remove it"
    static let openBacktick = "the backtick in the previous value starts a quote; put that value in single quotes"

    /// The ambiguity of a value without quotes.
    static func bare(_ value: ArraySlice<UInt8>) -> String? {
        if value.contains(UInt8(ascii: "#")) { return "'#' starts a comment; put the value in single quotes" }
        if value.first == UInt8(ascii: "`") { return "backticks are quotes; put the value in single quotes" }
        if mayExpand(value) { return "'$' is expanded; put the value in single quotes" }
        return value.contains(UInt8(ascii: "\\"))
            ? "a backslash starts an escape sequence; put the value in single quotes" : nil
    }

    /// The ambiguity of the content of a quoted value.
    static func quoted(_ content: ArraySlice<UInt8>, _ quote: UInt8) -> String? {
        let isSingle = quote == UInt8(ascii: "'")
        let pairs = zip(content, content.dropFirst())
        if pairs.contains(where: { $0 == UInt8(ascii: "$") && $1 == UInt8(ascii: "{") }) {
            return "'${' is expanded; store the value in a file and refer to the file"
        }
        if isSingle {
            let isEscaping = pairs.contains { $0 == UInt8(ascii: "\\") && ($1 == UInt8(ascii: "\\") || $1 == quote) }
            return isEscaping || content.last == UInt8(ascii: "\\")
                ? "a backslash is literal; store the value in a file and refer to the file" : nil
        }
        if content.contains(UInt8(ascii: "\\")) {
            return "escape sequences differ; put the value in single quotes"
        }
        return mayExpand(content) ? "'$' is expanded; put the value in single quotes" : nil
    }

    private static func mayExpand(_ value: ArraySlice<UInt8>) -> Bool {
        zip(value, value.dropFirst()).contains {
            $0 == UInt8(ascii: "$") && ($1.isAlphanumeric || "_{($".utf8.contains($1))
        }
            || value.contains(UInt8(ascii: "`"))
    }
}
