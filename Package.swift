// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// A Swift module below `Sources/`. It imports only the modules that are named here.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], embedding files: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: files.map { .embedInCode($0) }, swiftSettings: swiftSettings)
}

/// The tests of a module, below `Tests/`.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.byName(name: name), "RingdownTestSupport"] + dependencies
            + (name == "RingdownCore" ? [] : ["RingdownCore"]),
        swiftSettings: swiftSettings)
}

/// A program that only measures or attacks the project, below `directory`.
func tool(_ name: String, in directory: String, _ dependencies: [Target.Dependency], _ settings: [SwiftSetting] = [])
    -> Target
{
    .executableTarget(
        name: "Ringdown" + name, dependencies: dependencies + ["RingdownCore"], path: "\(directory)/\(name)",
        swiftSettings: swiftSettings + settings)
}

let package = Package(
    name: "ringdown",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "ringdown", targets: ["RingdownMain"]),
        .library(name: "Ringdown", targets: ["Ringdown"]),
        .library(name: "RingdownSimulator", targets: ["RingdownSimulator"]),
        .library(name: "RingdownSimulatorTesting", targets: ["RingdownSimulatorTesting"]),
    ],
    targets: [
        // From the top to the bottom. ARCHITECTURE.md shows the same picture.
        .executableTarget(name: "RingdownMain", dependencies: ["RingdownCLI"], swiftSettings: swiftSettings),
        module(
            "RingdownCLI",
            [
                "RingdownLab", "RingdownBroker", "RingdownSimulator", "RingdownServer", "Ringdown", "RingdownStores",
                "RingdownOAuth", "RingdownCurl", "RingdownCore", "CProcess",
            ]),
        module("RingdownLab", ["RingdownOAuth", "RingdownCore"]),
        module("RingdownBroker", ["Ringdown", "RingdownOAuth", "RingdownCore"]),
        module("RingdownSimulatorTesting", ["RingdownSimulator"]),
        module(
            "RingdownSimulator", ["RingdownServer", "RingdownCore", "CVirtualTime"], embedding: ["Page/page.html"]),
        module("Ringdown", ["RingdownStores", "RingdownOAuth", "RingdownCurl", "RingdownCore"]),
        module("RingdownStores", ["RingdownOAuth", "RingdownCurl", "RingdownCore", "CSodium"]),
        module("RingdownOAuth", ["RingdownCore", "CGnuTLS"]),
        module("RingdownCurl", ["RingdownCore", "CCurl", "CZlib"]),
        module("RingdownServer", ["RingdownCore", "CMicroHTTPD", "CGnuTLS"]),
        module("RingdownCore", ["CSodium"]),
        module("RingdownTestSupport", ["RingdownOAuth", "RingdownCore"]),

        // C libraries. libcurl, libmicrohttpd and GnuTLS are opened when first used: loading libcurl alone takes 10 ms.
        .target(name: "CCurl", dependencies: ["CLibraryLoader"]),
        .target(name: "CMicroHTTPD", dependencies: ["CLibraryLoader"]),
        .target(name: "CGnuTLS", dependencies: ["CLibraryLoader"]),
        .target(name: "CLibraryLoader", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CZlib", dependencies: ["CLibraryLoader"]),
        .target(name: "CVirtualTime", exclude: ["preload.c"]),
        .systemLibrary(name: "CProcess"),
        .systemLibrary(
            name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]
        ),

        tests(of: "RingdownCore"),
        tests(of: "RingdownCurl", ["RingdownServer"]),
        tests(of: "RingdownOAuth", ["RingdownStores"]),
        tests(of: "RingdownStores", ["RingdownOAuth", "RingdownCurl"]),
        tests(of: "Ringdown", ["RingdownStores", "RingdownSimulator", "RingdownCurl", "RingdownOAuth"]),
        tests(of: "RingdownSimulator", ["CVirtualTime"]),
        tests(of: "RingdownSimulatorTesting", ["RingdownSimulator", "Ringdown"]),
        tests(of: "RingdownLab"),
        tests(of: "RingdownServer"),
        tests(of: "RingdownBroker", ["Ringdown", "RingdownSimulator", "RingdownOAuth"]),
        tests(
            of: "RingdownCLI", ["Ringdown", "RingdownSimulator", "RingdownCurl"]),
    ]
)

// They are left out of everybody else's builds.
if Context.environment["RINGDOWN_FUZZING"] != nil {
    let isLibrary: [SwiftSetting] = [.unsafeFlags(["-parse-as-library"])]
    package.targets += [
        tool("ParserFuzzing", in: "Fuzzing", ["Ringdown", "RingdownStores"], isLibrary),
        tool("HandlerFuzzing", in: "Fuzzing", ["RingdownSimulator"], isLibrary),
        tool("ResponseFuzzing", in: "Fuzzing", ["RingdownCurl", "RingdownTestSupport"]),
    ]
}
if Context.environment["RINGDOWN_BENCHMARKS"] != nil {
    package.targets += [
        tool("TransportBenchmark", in: "Benchmarks", ["RingdownCurl"]),
        tool("TokenBenchmark", in: "Benchmarks", ["RingdownOAuth"]),
    ]
}
