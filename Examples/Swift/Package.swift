// swift-tools-version: 6.2
// Three small programs. Usage: ringdown simulate -- swift run --package-path Examples/Swift NightlyExport contacts.ndjson
import PackageDescription

let ringdown: [Target.Dependency] = [.product(name: "Ringdown", package: "ringdown")]

let package = Package(
    name: "Examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ringdown", path: "../..")],
    targets: [
        .executableTarget(name: "NightlyExport", dependencies: ringdown),
        .executableTarget(name: "WebhookWorker", dependencies: ringdown),
        .executableTarget(name: "PipelineStep", dependencies: ringdown),
    ]
)
