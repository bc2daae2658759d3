// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "skein",
    products: [],
    dependencies: [],
    targets: [
        // C libraries
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CShim"),

        // Values, and bytes in and out of them
        .target(name: "Bytes", dependencies: ["CShim"], swiftSettings: strict),
        .target(name: "Compression", dependencies: ["CLZ4", "CZlib"], swiftSettings: strict),

        .target(name: "TraceModel", dependencies: ["Bytes"], swiftSettings: strict),

        .target(
            name: "SegmentStore", dependencies: ["TraceModel", "Compression", "Bytes"], swiftSettings: strict),
        .target(name: "TraceStore", dependencies: ["TraceModel"], swiftSettings: strict),

        .target(name: "WireFormats", dependencies: ["TraceModel", "Bytes"], swiftSettings: strict),
        .executableTarget(name: "dev", dependencies: ["WireFormats", "SegmentStore", "TraceModel", "Compression"]),
        .target(name: "TestSupport", dependencies: ["TraceModel", "CZlib"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "SegmentStoreTests", dependencies: ["SegmentStore", "TraceModel", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "BytesTests", dependencies: ["Bytes", "CShim"], swiftSettings: strict),
        .testTarget(name: "CompressionTests", dependencies: ["Compression"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
