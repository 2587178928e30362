// swift-tools-version: 6.2
import PackageDescription

// What a stranger's package looks like; the test puts the README's lines into Sources/Stranger/main.swift.
let package = Package(
    name: "stranger",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "ringdown", path: "RINGDOWN_PATH")],
    targets: [
        .executableTarget(name: "Stranger", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
        .executableTarget(name: "TokenOnly", dependencies: [.product(name: "Ringdown", package: "ringdown")]),
    ]
)
