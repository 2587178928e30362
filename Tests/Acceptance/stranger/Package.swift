// swift-tools-version: 6.2
import PackageDescription

// What a stranger's package looks like; the tests put the README's lines, the guide's and the examples into Sources.
let package = Package(
    name: "stranger",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ringdown", path: "RINGDOWN_PATH")],
    targets: [
        .executableTarget(name: "Stranger", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
        .executableTarget(name: "TokenOnly", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
        .target(name: "Guide", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
        .executableTarget(name: "NightlyExport", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
        .executableTarget(name: "WebhookWorker", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
        .executableTarget(
            name: "OneImport", dependencies: [.product(name: "Ringdown", package: "ringdown")],
            swiftSettings: [
                .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("InternalImportsByDefault"),
            ]),
        .executableTarget(name: "PipelineStep", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
    ]
)
