internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A program that the caller of the command chose and that cannot be started.
struct ProgramStartError: Error, CustomStringConvertible {
    let program: String
    let code: Int32

    var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    /// The exit code of a shell or of `env`.
    var exitCode: Int32 { isMissing ? ExitCode.programMissing : ExitCode.programNotExecutable }
    var description: String {
        "cannot run '\(sanitized(program, limit: 100))': \(String(cString: strerror(code)))"
    }
    var hint: String {
        isMissing
            ? "check the command after '--', and the interpreter in the first line of a script"
            : "check that the file is a program, and make it executable with chmod +x"
    }
}

/// Starts a program that the caller of the command chose.
///
/// - Parameters:
///   - command: The program and its arguments.
///   - environment: The environment variables of the program.
///   - streams: Descriptors of this process that replace the program's standard streams. Other streams are inherited.
/// - Returns: The ID of the process.
/// - Throws: `ProgramStartError` if the program cannot be started.
func spawn(
    _ command: [String], environment: [String: String], streams: [(ours: Int32, theirs: Int32)] = []
) throws(ProgramStartError) -> pid_t {
    do throws(FileError) { return try Subprocess.start(command, environment: environment, streams: streams) } catch {
        throw ProgramStartError(program: command[0], code: error.code)
    }
}
