internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Starts a program that the caller of the command chose.
///
/// - Parameters:
///   - command: The program and its arguments.
///   - environment: The environment variables of the program.
///   - streams: Descriptors of this process that replace the program's standard streams. Other streams are inherited.
/// - Returns: The ID of the process.
/// - Throws: `UsageError` if the program cannot be started.
func spawn(
    _ command: [String], environment: [String: String], streams: [(ours: Int32, theirs: Int32)] = []
) throws(UsageError) -> pid_t {
    do throws(FileError) { return try Subprocess.start(command, environment: environment, streams: streams) } catch {
        throw UsageError(
            "cannot run '\(sanitized(command[0], limit: 100))': \(String(cString: strerror(error.code)))",
            hint: "check the command after '--'"
        )
    }
}
