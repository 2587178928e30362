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

/// A Swift target below `Sources/`; it may import only what is named here.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], embedding files: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: files.map { .embedInCode($0) }, swiftSettings: swiftSettings)
}

/// A test target below `Tests/`.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestKit"], swiftSettings: swiftSettings)
}

let package = Package(
    name: "ringdown",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "ringdown", targets: ["ringdown"]),
        .library(name: "Ringdown", targets: ["Ringdown"]),
        .library(name: "Simulator", targets: ["Simulator"]),
        .library(name: "SimulatorTesting", targets: ["SimulatorTesting"]),
    ],
    targets: [
        // From the top of the house to its foundations. ARCHITECTURE.md shows the same picture.
        .executableTarget(name: "ringdown", dependencies: ["Commands"], swiftSettings: swiftSettings),
        room(
            "Commands",
            [
                "CommandLineKit", "Scenarios", "Broker", "Ringdown", "ContactCenter", "Simulator", "HTTPServer",
                "CurlTransport",
                "TokenStores", "Tokens",
                "HTTPModel", "Foundations", "CProcess",
            ]),
        room("Broker", ["ContactCenter", "Tokens", "HTTPModel", "Foundations"]),
        room("Scenarios", ["TestKit", "Tokens", "HTTPModel", "Foundations"]),
        room("CommandLineKit", ["Foundations"]),
        room("SimulatorTesting", ["Simulator"]),
        room(
            "Simulator", ["HTTPServer", "HTTPModel", "Foundations", "CVirtualTime"], embedding: ["Page/page.html"]),
        room("SecretStores", ["ContactCenter", "Redis", "CurlTransport", "HTTPModel", "Foundations"]),
        room(
            "Ringdown",
            [
                "ContactCenter", "SecretStores", "Redis", "TokenStores", "CurlTransport", "Tokens", "HTTPModel",
                "Foundations",
            ]),
        room("ContactCenter", ["Tokens", "HTTPModel", "Foundations"]),
        room("TokenStores", ["Redis", "Tokens", "Foundations", "CSodium"]),
        room("Redis", ["CurlTransport", "HTTPModel", "Foundations"]),
        room("Tokens", ["HTTPModel", "Foundations", "CSodium", "CGnuTLS"]),
        room("CurlTransport", ["HTTPModel", "Foundations", "CCurl"]),
        room("HTTPServer", ["HTTPModel", "Foundations", "CMicroHTTPD", "CGnuTLS"]),
        room("HTTPModel", ["Foundations"]),
        room("Foundations", ["CSodium"]),
        room("TestKit", ["ContactCenter", "Tokens", "HTTPModel", "Foundations"]),

        // C libraries. libcurl, libmicrohttpd and GnuTLS are opened when first used: loading libcurl alone takes 10 ms.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CMicroHTTPD", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CGnuTLS", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CVirtualTime", exclude: ["preload.c"]),
        .systemLibrary(name: "CProcess"),
        .systemLibrary(
            name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]
        ),

        .target(
            name: "RingdownRawServer", dependencies: ["Foundations"], path: "Tests/RawServer",
            swiftSettings: swiftSettings),
        tests("FoundationsTests", ["Foundations"]),
        tests("HTTPModelTests", ["HTTPModel", "Foundations"]),
        tests("CurlTransportTests", ["CurlTransport", "HTTPServer", "HTTPModel", "Foundations", "RingdownRawServer"]),
        tests("SecretStoresTests", ["SecretStores", "ContactCenter", "Foundations"]),
        tests("ScenariosTests", ["Scenarios", "Tokens", "Foundations"]),
        tests("TokensTests", ["Tokens", "TokenStores", "Redis", "HTTPModel", "Foundations"]),
        tests(
            "ContactCenterTests",
            [
                "ContactCenter", "TokenStores", "Simulator", "CurlTransport", "RingdownRawServer", "Tokens",
                "HTTPModel",
                "Foundations",
            ]),
        tests("SimulatorTestingTests", ["SimulatorTesting", "Simulator", "Ringdown"]),
        tests("SimulatorTests", ["Simulator", "HTTPModel", "Foundations", "CVirtualTime"]),
        tests(
            "CommandsTests",
            [
                "Commands", "CommandLineKit", "Ringdown", "Simulator", "ContactCenter", "CurlTransport", "Tokens",
                "HTTPModel", "Foundations",
            ]
        ),
    ]
)

// Programs that only measure or attack the project; they are left out of everybody else's builds.
if Context.environment["RINGDOWN_FUZZING"] != nil {
    for name in ["ParserFuzzing", "HandlerFuzzing"] {
        package.targets.append(
            .executableTarget(
                name: name, dependencies: ["ContactCenter", "Foundations", "HTTPModel", "Redis", "Simulator"],
                path: "Fuzzing/\(name)",
                swiftSettings: swiftSettings + [.unsafeFlags(["-parse-as-library"])]
            )
        )
    }
    package.targets.append(
        .executableTarget(
            name: "ResponseFuzzing", dependencies: ["CurlTransport", "Foundations", "HTTPModel", "RingdownRawServer"],
            path: "Fuzzing/ResponseFuzzing", swiftSettings: swiftSettings
        )
    )
}
if Context.environment["RINGDOWN_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "TransportBenchmark", dependencies: ["CurlTransport", "HTTPModel", "Foundations"],
            path: "Benchmarks/TransportBenchmark", swiftSettings: swiftSettings
        )
    )
    package.targets.append(
        .executableTarget(
            name: "TokenBenchmark", dependencies: ["Tokens", "Foundations"], path: "Benchmarks/TokenBenchmark",
            swiftSettings: swiftSettings
        )
    )
}
