// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "skein-benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CBenchLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .target(name: "CWireWalk"),
        .target(name: "Workload", swiftSettings: strict),
        .executableTarget(
            name: "skein-bench",
            dependencies: [
                "CBenchLZ4", "CWireWalk", "Workload",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .testTarget(name: "WorkloadTests", dependencies: ["Workload"], swiftSettings: strict),
        .testTarget(
            name: "SkeinBenchTests", dependencies: ["skein-bench", "CWireWalk", "Workload"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
