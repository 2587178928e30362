internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Prompts for the user at a terminal: printed to standard error, answered on standard input.
enum Terminal {
    /// Whether a user can be prompted.
    static var isThere: Bool { isatty(STDIN_FILENO) == 1 && Context.current.standardError.isTerminal }

    /// Prompts for a line.
    ///
    /// - Returns: The line without its line feed; nil at the end of the input.
    static func ask(_ prompt: String) -> String? {
        try? Context.current.standardError.write(prompt)
        return readLine()?.trimmed
    }

    /// Prompts for yes or no.
    ///
    /// - Parameter standard: The result for an empty answer.
    static func confirm(_ prompt: String, standard: Bool) -> Bool {
        while let answer = ask("\(prompt) [\(standard ? "Y/n" : "y/N")] ")?.lowercased() {
            if answer.isEmpty { return standard }
            if ["y", "yes"].contains(answer) { return true }
            if ["n", "no"].contains(answer) { return false }
        }
        return false
    }

    /// Prompts for a line without echo.
    ///
    /// - Returns: The line; nil at the end of the input.
    /// - Throws: `CancellationError` after Ctrl-C or a signal that ends programs.
    static func askSecret(_ prompt: String) throws(CancellationError) -> Secret? {
        var former = termios()
        tcgetattr(STDIN_FILENO, &former)
        var silent = former
        // ISIG is off so that Ctrl-C is read as a byte, and the echo is restored before the process ends.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        // The prompt follows, because what is typed before the echo is off would be shown.
        try? Context.current.standardError.write(prompt)
        defer {
            tcsetattr(STDIN_FILENO, TCSANOW, &former)
            try? Context.current.standardError.write("\n")
        }
        var typed: [UInt8] = []
        typed.reserveCapacity(4096)  // so that growth leaves no copy in memory
        defer { wipe(&typed) }
        let signals = EndSignals()
        defer { EndSignals.release() }
        while let byte = try nextByte(signals) {
            switch byte {
            case 0x03, 0x1C: throw CancellationError()
            case 0x04 where typed.isEmpty: return nil
            case 0x0A, 0x0D: return Secret(bytes: typed)
            case 0x08, 0x7F:
                while let last = typed.popLast(), last & 0xC0 == 0x80 {}
            case 0x15: typed.removeAll(keepingCapacity: true)
            case 0x1B: try skipSequence(signals)
            // Ignores other control characters, because secrets do not contain any.
            case 0..<0x20: break
            default: typed.append(byte)
            }
        }
        return nil
    }

    /// Reads a byte.
    ///
    /// - Returns: The byte; nil at the end of the input.
    /// - Throws: `CancellationError` after a signal that ends programs, so that the terminal is restored first.
    private static func nextByte(_ signals: EndSignals) throws(CancellationError) -> UInt8? {
        var ready = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&ready, 2, -1) < 0, errno == EINTR {}
        if ready[1].revents != 0 { throw CancellationError() }
        var byte: UInt8 = 0
        return read(STDIN_FILENO, &byte, 1) == 1 ? byte : nil
    }

    /// Skips the rest of the escape sequence of an arrow or function key.
    private static func skipSequence(_ signals: EndSignals) throws(CancellationError) {
        guard let first = try nextByte(signals), first == UInt8(ascii: "[") || first == UInt8(ascii: "O") else {
            return
        }
        while let byte = try nextByte(signals), !(0x40...0x7E).contains(byte) {}
    }
}
