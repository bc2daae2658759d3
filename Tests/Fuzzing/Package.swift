// swift-tools-version: 6.2
import PackageDescription

// The folders in Sources are links to the product's own, so that only what is fuzzed is built, and with the
// sanitizers. Built by .ci/fuzz: without --sanitize=fuzzer the program has no entry point.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "skein-fuzzing",
    products: [.executable(name: "span-fuzzer", targets: ["SpanFuzzer"])],
    targets: [
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CShim", dependencies: ["CCurl"]),
        .target(name: "Bytes", dependencies: ["CShim"], swiftSettings: strict),
        .target(name: "Compression", dependencies: ["CLZ4", "CZlib"], swiftSettings: strict),
        .target(name: "TraceModel", dependencies: ["Bytes"], swiftSettings: strict),
        .target(name: "WireFormats", dependencies: ["TraceModel", "Bytes"], swiftSettings: strict),
        .target(name: "QueryLanguage", dependencies: ["TraceModel", "Bytes"], swiftSettings: strict),
        .executableTarget(
            name: "SpanFuzzer", dependencies: ["WireFormats", "QueryLanguage", "TraceModel", "Compression", "Bytes"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
