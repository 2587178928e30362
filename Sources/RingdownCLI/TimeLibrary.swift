internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#endif

/// This program's own file.
enum Program {
    /// Its path without symbolic links; nil where the system does not tell.
    static var path: String? {
        #if canImport(Glibc)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = readlink("/proc/self/exe", &buffer, buffer.count)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        #else
            return nil
        #endif
    }
}

/// The library that gives other programs the simulator's virtual time.
enum TimeLibrary {
    private static let name = "libringdown-time.so"

    /// Where it is: beside this program, or in `lib` beside its directory. Throws `ConfigurationError`.
    static func path() throws(ConfigurationError) -> String {
        #if canImport(Glibc)
            let directory = (Program.path ?? "").split(separator: "/").dropLast().map { "/" + $0 }.joined()
            let candidates = ["\(directory)/\(name)", "\(directory)/../lib/\(name)"]
            if let path = candidates.first(where: { access($0, R_OK) == 0 }) { return path }
            throw ConfigurationError(
                "virtual time needs \(name), which is not beside this program",
                hint: "run 'make build', or Scripts/build-time-library \(directory)")
        #else
            throw ConfigurationError(
                "virtual time is for Linux: other systems do not let a library stand in front of their own",
                hint: "use POST $RINGDOWN_SIM_URL/_sim/clock to move the simulator's clock alone")
        #endif
    }
}
