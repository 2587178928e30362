internal import Ringdown
package import RingdownCore
internal import RingdownCurl

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The environment of a command: variables, streams, network and clock. Tests provide their own.
package struct Context: Sendable {
    package var variables: [String: String]
    package var workingDirectory: String
    package var standardOutput: any Output
    package var standardError: any Output
    /// A transport that replaces the network, for tests.
    package var transport: (any Transport)?
    package var time: any TimeSource
    /// The words of the command line after the program's name, for suggested commands.
    var arguments: [String] = []

    package init(
        variables: [String: String], workingDirectory: String = ".", standardOutput: any Output,
        standardError: any Output,
        transport: (any Transport)? = nil, time: any TimeSource = .system
    ) {
        self.variables = variables
        self.workingDirectory = workingDirectory
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.transport = transport
        self.time = time
    }

    @TaskLocal package static var current = Context.process

    /// The environment of this process.
    package static var process: Context {
        Context(
            variables: environmentVariables(), standardOutput: Descriptor(number: STDOUT_FILENO),
            standardError: Descriptor(number: STDERR_FILENO)
        )
    }
}

extension Context {
    /// Creates a temporary directory for this run.
    ///
    /// - Throws: `FileError` if it cannot be created.
    func temporaryDirectory() throws(FileError) -> TemporaryDirectory {
        try TemporaryDirectory(in: variables["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp")
    }
}

/// An output stream.
package protocol Output: Sendable {
    var isTerminal: Bool { get }
    /// The width of the terminal in columns; nil if the output is not a terminal.
    var columns: Int? { get }
    /// Writes bytes unchanged, also to a terminal, which may interpret control characters. Only for this program's own text.
    ///
    /// - Throws: ``OutputClosed`` if the reader closed the stream, `OutputError` if the bytes cannot be written.
    func writeUnfiltered(_ bytes: [UInt8]) throws
}

/// The reader closed the output, as `head` does.
package struct OutputClosed: Error {
    package init() {}
}

/// The output cannot be written, for example because the disk is full.
struct OutputError: Error {
    let error: FileError
}

extension Output {
    package var columns: Int? { isTerminal ? TextStyle.columns(of: STDOUT_FILENO) : nil }

    /// Writes bytes that may come from a server. Control characters are escaped on a terminal; other outputs receive the bytes
    /// unchanged.
    ///
    /// - Throws: The errors of ``writeUnfiltered(_:)``.
    package func write(_ bytes: [UInt8]) throws { try writeUnfiltered(isTerminal ? terminalSafe(bytes) : bytes) }
    func write(_ text: String) throws { try write(Array(text.utf8)) }
    func writeUnfiltered(_ text: String) throws { try writeUnfiltered(Array(text.utf8)) }
    func line(_ text: String) throws { try write(text + "\n") }
}

/// An open file descriptor of this process.
struct Descriptor: Output {
    let number: Int32

    var isTerminal: Bool { isatty(number) == 1 }

    func writeUnfiltered(_ bytes: [UInt8]) throws {
        guard let code = File.write(bytes, to: number) else { return }
        let error = FileError(path: "standard output", code: code)
        throw error.isClosedPipe ? OutputClosed() : OutputError(error: error)
    }
}

/// Prints a line to standard error. Write errors are ignored.
func notice(_ text: String) {
    try? Context.current.standardError.line(text)
}
