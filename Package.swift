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
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    ],
    targets: [
        // C libraries
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CShim", dependencies: ["CCurl"]),

        // Values, and bytes in and out of them
        .target(name: "Bytes", dependencies: ["CShim"], swiftSettings: strict),
        .target(name: "Compression", dependencies: ["CLZ4", "CZlib"], swiftSettings: strict),
        .target(name: "TraceModel", dependencies: ["Bytes"], swiftSettings: strict),
        .target(name: "WireFormats", dependencies: ["TraceModel", "Bytes"], swiftSettings: strict),
        .target(name: "QueryLanguage", dependencies: ["TraceModel", "Bytes"], swiftSettings: strict),
        .target(name: "Topology", dependencies: ["TraceModel", "Bytes"], swiftSettings: strict),
        .target(name: "Comparison", dependencies: ["TraceModel"], swiftSettings: strict),
        .target(name: "GraphDrawing", dependencies: ["Topology", "Terminal"], swiftSettings: strict),
        .target(
            name: "Sampling", dependencies: ["QueryLanguage", "Topology", "TraceModel", "Bytes"],
            exclude: ["sampling.md"], swiftSettings: strict),
        .target(name: "Telemetry", swiftSettings: strict),
        .target(name: "Threads", swiftSettings: strict),

        .target(name: "HTTPClient", dependencies: ["Threads", "CShim", "CCurl"], swiftSettings: strict),

        // Storage
        .target(name: "FileSystem", swiftSettings: strict),
        .target(
            name: "Journal", dependencies: ["FileSystem", "Compression", "Threads", "Bytes"], swiftSettings: strict),
        .target(
            name: "SegmentStore", dependencies: ["FileSystem", "TraceModel", "Compression", "Threads", "Bytes"],
            swiftSettings: strict),
        .target(
            name: "StorageFiles", path: "storage",
            exclude: [
                "README.md", "journal-format.md", "sampling-decisions-format.md", "scaling.md", "segment-format.md",
                "topology-format.md",
            ],
            sources: ["StorageFiles.swift", "SearchTemplate.swift"],
            resources: [.embedInCode("schema"), .embedInCode("opensearch")], swiftSettings: strict),
        .target(
            name: "QueryFiles", path: "queries",
            exclude: [
                "README.md", "openapi.yaml", "openapi-tempo.yaml", "grpc/generate", "grpc/jaeger", "grpc/opentelemetry",
            ],
            sources: ["QueryFiles.swift", "GRPCDescriptors.swift"],
            resources: [.embedInCode("sql"), .embedInCode("grpc/descriptors")], swiftSettings: strict),
        .target(
            name: "Catalog",
            dependencies: ["StorageFiles", "QueryFiles", "Bytes", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),
        .target(
            name: "TopologyStore",
            dependencies: [
                "Catalog", "Topology", "TraceModel", "Compression", "Threads", "Bytes",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .target(
            name: "TraceStore",
            dependencies: [
                "Journal", "SegmentStore", "Catalog", "TopologyStore", "Sampling", "QueryLanguage", "Topology",
                "FileSystem", "TraceModel", "Threads", "Bytes",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),

        .target(
            name: "Releases",
            dependencies: ["TraceStore", "Comparison", "Topology", "Terminal", "TraceModel", "Bytes"],
            exclude: ["releases.md"], swiftSettings: strict),
        .target(
            name: "OpenSearch",
            dependencies: [
                "HTTPClient", "StorageFiles", "WireFormats", "QueryLanguage", "Topology", "TraceModel", "Compression",
                "Threads", "Bytes", .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .target(
            name: "Forwarding",
            dependencies: [
                "TraceStore", "OpenSearch", "WireFormats", "Topology", "TraceModel", "FileSystem",
                "Threads", "Bytes", .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),

        .target(
            name: "OpenSearchStore",
            dependencies: [
                "TraceStore", "OpenSearch", "WireFormats", "SegmentStore", "Sampling", "HTTPClient", "Topology",
                "TraceModel",
                "FileSystem", "Threads", "Bytes", .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),

        // From the network to storage, and back
        .target(
            name: "NetworkServer",
            dependencies: [
                "Compression", "Bytes",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .target(
            name: "Ingestion",
            dependencies: [
                "WireFormats", "Sampling", "TraceModel", "Telemetry", "Threads",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .target(
            name: "Receivers",
            dependencies: [
                "NetworkServer", "Ingestion", "Sampling", "WireFormats", "QueryFiles", "Threads", "Bytes",
            ], swiftSettings: strict),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "NetworkServer", "TraceStore", "WireFormats", "Sampling", "QueryLanguage", "GraphDrawing", "Releases",
                "Comparison", "Topology",
                "TraceModel", "QueryFiles", "Telemetry", "Threads", "Bytes",
            ],
            swiftSettings: strict),

        // The program
        .target(
            name: "Configuration", dependencies: ["Sampling", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        .target(name: "Terminal", dependencies: ["TraceModel"], swiftSettings: strict),
        .executableTarget(
            name: "skein",
            dependencies: [
                "Configuration", "HTTPClient", "Terminal", "HTTPAPI", "Receivers", "NetworkServer", "Ingestion",
                "Forwarding", "OpenSearchStore", "OpenSearch", "TraceStore", "TopologyStore", "Sampling",
                "QueryLanguage", "GraphDrawing",
                "Releases", "Comparison", "Topology",
                "Journal", "WireFormats", "TraceModel", "Telemetry", "Compression", "Threads", "Bytes", "CShim",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], exclude: ["configuration.md"], swiftSettings: strict),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["TraceModel", "FileSystem", "CZlib"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "NetworkTestSupport",
            dependencies: [
                "NetworkServer", "Compression",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "Logging", package: "swift-log"),
            ], path: "Tests/NetworkTestSupport", swiftSettings: strict),
        .target(
            name: "PeerTestSupport", dependencies: ["TestSupport"], path: "Tests/PeerTestSupport",
            swiftSettings: strict),
        .executableTarget(
            name: "journal-crash-child", dependencies: ["Journal"], path: "Tests/JournalCrashChild",
            swiftSettings: strict),
        .executableTarget(
            name: "opensearch-peer",
            dependencies: [
                "NetworkServer", "Compression", "Bytes", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], path: "Tests/OpenSearchPeer", swiftSettings: strict),
        .testTarget(name: "BytesTests", dependencies: ["Bytes", "CShim"], swiftSettings: strict),
        .testTarget(name: "CompressionTests", dependencies: ["Compression", "CZlib"], swiftSettings: strict),
        .testTarget(name: "FileSystemTests", dependencies: ["FileSystem", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "JournalTests",
            dependencies: ["Journal", "FileSystem", "Bytes", "TestSupport", "journal-crash-child"],
            swiftSettings: strict),
        .testTarget(
            name: "NetworkServerTests",
            dependencies: [
                "NetworkServer", "Compression", "Bytes", "NetworkTestSupport", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "ReceiversTests",
            dependencies: [
                "Receivers", "NetworkServer", "Ingestion", "Sampling", "WireFormats", "TraceModel", "Telemetry",
                "NetworkTestSupport", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "TraceModelTests", dependencies: ["TraceModel", "Bytes", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TopologyTests", dependencies: ["Topology", "WireFormats", "TraceModel", "Bytes", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ComparisonTests", dependencies: ["Comparison", "TraceModel", "PeerTestSupport", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "GraphDrawingTests", dependencies: ["GraphDrawing", "Terminal", "Topology", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ReleasesTests",
            dependencies: [
                "Releases", "TraceStore", "TopologyStore", "Comparison", "Topology", "WireFormats", "TraceModel",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "SamplingTests",
            dependencies: ["Sampling", "Configuration", "QueryLanguage", "Topology", "TraceModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "TopologyStoreTests",
            dependencies: [
                "TopologyStore", "Catalog", "Topology", "TraceModel", "Bytes", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "WireFormatsTests",
            dependencies: ["WireFormats", "StorageFiles", "TraceModel", "Bytes", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "QueryLanguageTests", dependencies: ["QueryLanguage", "TraceModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SegmentStoreTests", dependencies: ["SegmentStore", "TraceModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CatalogTests",
            dependencies: [
                "Catalog", "StorageFiles", "QueryFiles", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: strict),
        .testTarget(
            name: "TraceStoreTests",
            dependencies: [
                "TraceStore", "TopologyStore", "Catalog", "Sampling", "Configuration", "Journal", "FileSystem",
                "WireFormats", "QueryLanguage", "Topology", "TraceModel", "Bytes", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "HTTPAPI", "Configuration", "NetworkServer", "TraceStore", "OpenSearchStore", "OpenSearch",
                "WireFormats", "Sampling", "Topology", "TraceModel", "Telemetry", "Bytes", "NetworkTestSupport",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "HTTPClientTests", dependencies: ["HTTPClient", "Threads", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TerminalTests", dependencies: ["Terminal", "TraceModel", "WireFormats", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "skeinTests",
            dependencies: [
                "skein", "Configuration", "HTTPAPI", "QueryLanguage", "GraphDrawing", "Releases", "Comparison",
                "Topology", "Ingestion", "TraceModel",
                "TraceStore",
                "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "OpenSearchTests",
            dependencies: [
                "OpenSearch", "HTTPClient", "WireFormats", "TraceModel", "Topology", "Threads", "Bytes",
                "NetworkTestSupport", "NetworkServer", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "ForwardingTests",
            dependencies: [
                "Forwarding", "OpenSearch", "TraceStore", "TopologyStore", "WireFormats", "TraceModel", "FileSystem",
                "NetworkTestSupport", "NetworkServer", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "OpenSearchStoreTests",
            dependencies: [
                "OpenSearchStore", "OpenSearch", "TraceStore", "SegmentStore", "QueryLanguage", "WireFormats",
                "Topology", "TraceModel", "Threads", "Bytes", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(name: "RepositoryTests", swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "PeerTestSupport", "TestSupport", "opensearch-peer", .product(name: "Yams", package: "Yams"),
            ], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
