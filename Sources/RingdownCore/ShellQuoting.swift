/// Returns a text in single quotes, so that a POSIX shell reads it as one word.
package func shellQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// Returns a text as one word of a POSIX shell, quoted only if it has to be: for commands that people read.
package func shellWord(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0.isAlphanumeric || "._-@/".utf8.contains($0) }
    return isPlain ? text : shellQuoted(text)
}
