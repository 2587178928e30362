import RingdownCLI
import RingdownCore
import RingdownSimulator
import RingdownTestSupport

/// Runs complete command lines in this process, with a home directory of their own, against simulated platforms in memory.
struct SimulatedCommandLine {
    struct Outcome {
        let code: Int32
        let output: String
        let errors: String
    }

    let directory: ScratchDirectory
    let simulator: Simulator
    var time: any TimeSource = .system

    init(_ options: Simulator.Options = Simulator.Options()) throws {
        directory = try ScratchDirectory()
        simulator = Simulator(options)
    }

    /// The variables of both platforms.
    var variables: [String: String] {
        let credentials = simulator.credentials
        return [
            "GENESYS_CLIENT_ID": credentials.genesysClientID, "GENESYS_CLIENT_SECRET": credentials.genesysClientSecret,
            "CXONE_CLIENT_ID": credentials.cxoneClientID, "CXONE_CLIENT_SECRET": credentials.cxoneClientSecret,
            "CXONE_ACCESS_KEY_ID": credentials.cxoneAccessKeyID,
            "CXONE_ACCESS_KEY_SECRET": credentials.cxoneAccessKeySecret,
            "HOME": directory.path, "RINGDOWN_CACHE_DIR": directory.path + "/cache",
        ]
    }

    /// The path of the file of a profile.
    func file(of profile: String) -> String { "\(directory.path)/.config/ringdown/\(profile).env" }

    /// Writes the file of a profile.
    func write(_ text: String, to profile: String) throws {
        try File.makeDirectory(directory.path + "/.config/ringdown")
        try File.replace(file(of: profile), with: Array(text.utf8))
    }

    /// Runs a command line.
    ///
    /// - Parameters:
    ///   - line: The words after the program's name, separated by spaces.
    ///   - more: Changes to the variables; an empty value removes a variable.
    ///   - transport: A transport that replaces the simulator.
    ///   - columns: The width of the terminal; nil if standard output is not a terminal.
    func run(
        _ line: String, _ more: [String: String] = [:], transport: (any Transport)? = nil, columns: Int? = nil
    ) async -> Outcome {
        let variables = variables.merging(more) { $1 }.filter { !$0.value.isEmpty }
        let (output, errors) = (RecordedOutput(columns: columns), RecordedOutput())
        let context = Context(
            variables: variables, workingDirectory: directory.path, standardOutput: output, standardError: errors,
            transport: transport ?? InMemoryTransport(simulator), time: time)
        let code = await Context.$current.withValue(context) {
            await RingdownTool.run(line.split(separator: " ").map(String.init))
        }
        return Outcome(code: code, output: output.text, errors: errors.text)
    }
}
