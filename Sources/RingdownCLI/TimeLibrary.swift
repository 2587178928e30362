internal import Ringdown
internal import RingdownCore

#if canImport(Glibc)
    internal import Glibc
#endif

/// The executable file of this program.
enum Program {
    /// The path with symbolic links resolved; nil if it is unknown.
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

/// The library that makes other programs use the simulator's virtual clock.
enum TimeLibrary {
    private static let name = "libringdown-time.so"

    /// The path of the library: in this program's directory, or in the `lib` directory next to it.
    ///
    /// - Throws: `ConfigurationError` if the library does not exist, or if the system does not support it.
    static func path() throws(ConfigurationError) -> String {
        #if canImport(Glibc)
            let directory = (Program.path ?? "").split(separator: "/").dropLast().map { "/" + $0 }.joined()
            let candidates = ["\(directory)/\(name)", "\(directory)/../lib/\(name)"]
            if let path = candidates.first(where: { access($0, R_OK) == 0 }) { return path }
            throw ConfigurationError(
                "virtual time requires \(name), which is not in this program's directory",
                hint: "run 'make build', or Scripts/build-time-library \(directory)")
        #else
            throw ConfigurationError(
                "virtual time requires Linux: other systems do not support preloading the library",
                hint: "move only the simulator's clock: POST $RINGDOWN_SIM_URL/_sim/clock")
        #endif
    }
}
