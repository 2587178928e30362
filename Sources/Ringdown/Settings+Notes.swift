internal import RingdownCore

/// Notes about values that were copied with more than the value.
extension Settings {
    /// Warns of white space and quotes around a secret.
    static func warnOfEdges(_ secret: Secret, _ name: String) {
        let edges = secret.withBytes { [$0.first, $0.last].compactMap { $0 } }
        if edges.contains(where: { $0 <= 0x20 }) {
            warn("\(name) starts or ends with white space or a line break, which is sent as part of the secret")
        } else if secret.count > 1,
            edges.allSatisfy({ $0 == UInt8(ascii: "\"") }) || edges.allSatisfy({ $0 == UInt8(ascii: "'") })
        {
            warn("\(name) is quoted; the quotes are sent as part of the secret")
        }
    }

    /// Warns of white space in an ID.
    static func warnOfWhiteSpace(in text: String, _ name: String) {
        guard text.utf8.contains(where: { $0 <= 0x20 }) else { return }
        warn("\(name) contains white space or a line break, which is sent as part of the ID")
    }

    /// Warns of white space around a URL, which is removed.
    static func warnOfIgnoredWhiteSpace(around text: String, _ name: String) {
        guard text.trimmed != text else { return }
        warn("\(name) starts or ends with white space or a line break, which is ignored")
    }

    private static func warn(_ text: String) { Logger.current.warning("settings.edges", text) }
}
