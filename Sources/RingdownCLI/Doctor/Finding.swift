internal import RingdownCore

/// What one check came to.
struct Finding {
    enum Level: String { case ok, warning, failure }

    var check: String
    var level: Level
    var text: String
    var cause: Cause?

    var json: JSON {
        ["check": .string(check), "level": .string(level.rawValue), "text": .string(text)]
    }
}

/// What lies behind a finding, as far as can be told, and what to do about it.
struct Cause: Equatable {
    /// A word for programs: `wrong-secret`.
    var name: String
    var text: String
    /// A command, or what to do by hand.
    var next: String
    var exitCode: Int32
}

/// All findings of an examination, and what they mean together.
struct Diagnosis {
    private(set) var findings: [Finding] = []

    mutating func ok(_ check: String, _ text: String) { add(check, .ok, text, nil) }
    mutating func warn(_ check: String, _ text: String, _ cause: Cause? = nil) { add(check, .warning, text, cause) }
    mutating func fail(_ check: String, _ text: String, _ cause: Cause) { add(check, .failure, text, cause) }

    private mutating func add(_ check: String, _ level: Finding.Level, _ text: String, _ cause: Cause?) {
        findings.append(Finding(check: check, level: level, text: sanitized(text, limit: 400), cause: cause))
    }

    /// The most likely one: of the first failure, since the others follow from it; else of the first warning.
    var cause: Cause? {
        let failed = findings.first { $0.level == .failure && $0.cause != nil }
        return (failed ?? findings.first { $0.level == .warning && $0.cause != nil })?.cause
    }

    /// The cause's where something failed; warnings are no failure.
    var exitCode: Int32 {
        findings.contains { $0.level == .failure } ? cause?.exitCode ?? ExitCode.failed : ExitCode.done
    }

    var json: JSON {
        let cause: JSON =
            self.cause.map { ["name": .string($0.name), "text": .string($0.text), "next": .string($0.next)] } ?? .null
        return ["ok": .bool(exitCode == 0), "cause": cause, "findings": .array(findings.map(\.json))]
    }
}
