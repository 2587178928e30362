internal import Ringdown
internal import RingdownCore
internal import RingdownSimulator

extension SimulateCommand {
    /// The options of the simulator.
    ///
    /// - Throws: `UsageError` if an option is invalid.
    func options() throws(UsageError) -> Simulator.Options {
        var options = Simulator.Options()
        func checked(_ value: Int?, _ name: String, _ range: ClosedRange<Int>, _ standard: Int) throws(UsageError)
            -> Int
        {
            guard let value else { return standard }
            if range.contains(value) { return value }
            throw UsageError(
                "--\(name) cannot be \(value)", hint: "use \(range.lowerBound) to \(range.upperBound)")
        }
        if let region {
            do { options.genesysRegion = try GenesysRegion.named(region).name } catch {
                throw UsageError("--region: \(error.message)", hint: error.advice)
            }
        }
        if let area {
            let name = area.trimmed.lowercased()
            guard Simulator.Options.areaNames.contains(name) else {
                throw UsageError(
                    "--area: area '\(sanitized(area, limit: 60))' does not exist",
                    hint: "use one of: \(Simulator.Options.areaNames.joined(separator: ", "))")
            }
            options.cxoneArea = name
        }
        options.userCount = try checked(users, "users", 0...10_000_000, options.userCount)
        options.seed = UInt64(try checked(seed, "seed", 0...Int.max, 1))
        options.callsPerMinute = try checked(callsPerMinute, "calls-per-minute", 0...1_000_000, options.callsPerMinute)
        options.callsPerDay = try checked(callsPerDay, "calls-per-day", 0...1_000_000_000, 0)
        options.loginsPerMinute = try checked(loginsPerMinute, "logins-per-minute", 0...1_000_000, 0)
        options.idleTimeout = idleTimeout?.duration
        options.tokenLifetime = lifetime?.duration
        options.isLenient = lenient
        options.secretEncoding = .init(rawValue: secretEncoding?.rawValue ?? "any") ?? .any
        options.acceptsAnyClient = anyClient
        for text in assume {
            do { try options.assume(text) } catch {
                throw UsageError(
                    "--assume \(sanitized(text, limit: 80)): expected \(error.expected)",
                    hint: "see 'Assumptions' in Documentation/Simulator.md")
            }
        }
        return options
    }

    /// The faults of `--fault` and `--faults`.
    ///
    /// - Throws: `UsageError`, `ConfigurationError` or `FileError` if a rule is invalid.
    func rules() throws -> [FaultRule] {
        var rules: [FaultRule] = []
        if let faults {
            do { rules += try FaultRule.rules(file: File.read(faults)) } catch let error as FaultRule.Invalid {
                throw ConfigurationError("\(faults), \(error)", hint: "Documentation/Simulator.md describes the rules")
            }
            if !intercept, let index = rules.firstIndex(where: { $0.certificate != nil }) {
                throw ConfigurationError(
                    "\(faults), fault \(index + 1): a certificate fault requires TLS, and the loopback ports do not use TLS",
                    hint: "add --intercept")
            }
        }
        for text in fault {
            do { rules.append(try FaultRule(text)) } catch {
                let place = error.place.split(separator: " ").last.map(String.init) ?? ""
                throw UsageError(
                    "--fault \(sanitized(text, limit: 80)): \(place): expected \(error.expected)",
                    hint: "see 'ringdown simulate --help'")
            }
        }
        if let port, port < 1 || port > 65536 - LiveSimulator.portCount - 1 {
            throw UsageError(
                "--port cannot be \(port)",
                hint: "use the first of \(LiveSimulator.portCount + 1) consecutive ports, up to 65535")
        }
        if !intercept, rules.contains(where: { $0.certificate != nil }) {
            throw UsageError(
                "a certificate fault requires TLS, and the loopback ports do not use TLS", hint: "add --intercept")
        }
        return rules
    }
}
