internal import Ringdown
package import RingdownCore
internal import RingdownCurl

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The world around a command: variables, streams, the network. Tests put in their own.
package struct Context: Sendable {
    package var variables: [String: String]
    package var workingDirectory: String
    package var standardOutput: any Output
    package var standardError: any Output
    /// Where requests go instead of the network.
    package var transport: (any Transport)?
    package var time: any TimeSource

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

    /// The process's own.
    package static var process: Context {
        Context(
            variables: environmentVariables(), standardOutput: Descriptor(number: STDOUT_FILENO),
            standardError: Descriptor(number: STDERR_FILENO)
        )
    }
}

extension Context {
    /// A new directory for this run. Throws `FileError`.
    func temporaryDirectory() throws(FileError) -> TemporaryDirectory {
        try TemporaryDirectory(in: variables["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp")
    }
}

/// A stream that text goes to.
package protocol Output: Sendable {
    var isTerminal: Bool { get }
    /// Writes bytes as they are, also to a terminal, which may obey them: only for text of this program's own.
    ///
    /// - Throws: ``OutputClosed`` if the reader has gone, and `OutputError` if the bytes cannot be written.
    func writeUnfiltered(_ bytes: [UInt8]) throws
}

/// The reader of an output went away, as `head` does once it has enough.
package struct OutputClosed: Error {
    package init() {}
}

/// An output that took no more, as a full disk does not.
struct OutputError: Error {
    let error: FileError
}

extension Output {
    /// Writes bytes that may come from a server: control characters do not reach a terminal. Anything else gets the bytes as they
    /// are. Throws as ``writeUnfiltered(_:)``.
    package func write(_ bytes: [UInt8]) throws { try writeUnfiltered(isTerminal ? terminalSafe(bytes) : bytes) }
    func write(_ text: String) throws { try write(Array(text.utf8)) }
    func writeUnfiltered(_ text: String) throws { try writeUnfiltered(Array(text.utf8)) }
    func line(_ text: String) throws { try write(text + "\n") }
}

/// An open file of the process.
struct Descriptor: Output {
    let number: Int32

    var isTerminal: Bool { isatty(number) == 1 }

    func writeUnfiltered(_ bytes: [UInt8]) throws {
        guard let code = File.write(bytes, to: number) else { return }
        let error = FileError(path: "standard output", code: code)
        throw error.isClosedPipe ? OutputClosed() : OutputError(error: error)
    }
}

/// To standard error; what cannot be written there is lost.
func notice(_ text: String) {
    try? Context.current.standardError.line(text)
}
