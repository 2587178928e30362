internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The user's browser: the program in `BROWSER`, or the default of the desktop.
enum Browser {
    /// Opens a URL. Without a display, only `BROWSER` is used, because a browser in the terminal would hide the command's output.
    ///
    /// - Returns: Whether a program was started.
    static func open(_ url: HTTPURL) -> Bool {
        let variables = Context.current.variables.filter { !Settings.secretVariables.contains($0.key) }
        #if os(macOS)
            let programs = ["open"]
        #else
            let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY"].contains { variables[$0]?.isEmpty == false }
            let own = variables["BROWSER"].flatMap { $0.isEmpty ? nil : String($0.prefix { $0 != ":" }) }
            let programs = [own, hasDisplay ? "xdg-open" : nil].compactMap { $0 }
        #endif
        for program in programs {
            let silence = systemOpen("/dev/null", O_RDWR | O_CLOEXEC)
            defer { close(silence) }
            let child = try? spawn(
                [program, url.description], environment: variables,
                streams: [(silence, STDIN_FILENO), (silence, STDOUT_FILENO), (silence, STDERR_FILENO)])
            if child != nil { return true }
        }
        return false
    }
}

/// The system call `open`, which `Browser.open` hides.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
