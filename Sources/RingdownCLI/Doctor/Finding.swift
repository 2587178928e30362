internal import RingdownCore

/// The result of one check.
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

/// The most likely cause of a finding, and the next step.
struct Cause: Equatable {
    /// The machine-readable name, such as `wrong-secret`.
    var name: String
    var text: String
    /// A command line or an instruction.
    var next: String
    var exitCode: Int32
}

/// The findings of all checks, and their most likely cause.
struct Diagnosis {
    private(set) var findings: [Finding] = []

    mutating func ok(_ check: String, _ text: String) { add(check, .ok, text, nil) }
    mutating func warn(_ check: String, _ text: String, _ cause: Cause? = nil) { add(check, .warning, text, cause) }
    mutating func fail(_ check: String, _ text: String, _ cause: Cause) { add(check, .failure, text, cause) }

    private mutating func add(_ check: String, _ level: Finding.Level, _ text: String, _ cause: Cause?) {
        findings.append(Finding(check: check, level: level, text: sanitized(text, limit: 400), cause: cause))
    }

    /// The cause of the first failure, because later failures follow from it; else the cause of the first warning.
    var cause: Cause? {
        let failed = findings.first { $0.level == .failure && $0.cause != nil }
        return (failed ?? findings.first { $0.level == .warning && $0.cause != nil })?.cause
    }

    /// The exit code of the cause if a check failed. Warnings do not affect it.
    var exitCode: Int32 {
        findings.contains { $0.level == .failure } ? cause?.exitCode ?? ExitCode.failed : ExitCode.done
    }

    var json: JSON {
        let cause: JSON =
            self.cause.map { ["name": .string($0.name), "text": .string($0.text), "next": .string($0.next)] } ?? .null
        return ["ok": .bool(exitCode == 0), "cause": cause, "findings": .array(findings.map(\.json))]
    }
}
