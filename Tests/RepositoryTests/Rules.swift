import Testing

/// The rules as data. This file names the forbidden texts, and is passed over when they are sought.
enum Rules {
    static let lineLengthMax = 120
    /// A word of more columns, such as a span in JSON, may make a line too long.
    static let unbreakableLength = 70
    static let fileLineCountMax = 400

    struct ForbiddenText: Sendable, CustomTestStringConvertible {
        let text: String
        /// Ends of paths; empty for every file.
        var within: [String] = []
        let reason: String
        /// Paths that have a good reason.
        var except: [String] = []

        var testDescription: String { text }
    }

    static let forbidden: [ForbiddenText] = [
        ForbiddenText(text: "TODO", within: sources, reason: "finish it, or leave it out"),
        ForbiddenText(text: "FIXME", within: sources, reason: "mend it"),
        ForbiddenText(
            text: "fatalError(", within: [".swift"], reason: "the world's mistakes are thrown, ours are preconditions"),
        ForbiddenText(text: "try!", within: [".swift"], reason: "throw, or say why it cannot fail in a precondition"),
        ForbiddenText(text: "as!", within: [".swift"], reason: "cast with as? and throw"),
        ForbiddenText(text: "../shared", reason: "the project speaks of itself alone"),
        ForbiddenText(text: "/work/", reason: "no path of one machine"),
        ForbiddenText(text: "/root/", reason: "no path of one machine"),
    ]

    private static let sources = [".swift", ".c", ".h", ".sql", ".sh", ".py", ".md", ".yaml", ".yml"]

    /// Modules from outside, and the only targets of `Sources` that import them. A module stands for those whose names
    /// begin with it too if it ends in `*`.
    static let outsideModules: [(module: String, targets: Set<String>)] = [
        ("GRDB", ["Catalog"]),
        ("GRDBSQLite", []),
        ("NIO*", ["NetworkServer"]),
        ("CLZ4", ["Compression"]),
        ("CZlib", ["Compression"]),
        ("CCurl", ["HTTPClient"]),
        ("ArgumentParser", ["skein"]),
        ("Yams", ["Configuration"]),
        ("StorageFiles", ["Catalog", "OpenSearch"]),
        ("QueryFiles", ["Catalog", "HTTPAPI", "Receivers"]),
    ]

    /// The targets, from the top down: a target imports only those on lines below its own.
    static let layers: [Set<String>] = [
        ["skein"],
        ["Receivers", "HTTPAPI"],
        ["Ingestion", "Forwarding", "OpenSearchStore", "Configuration", "Releases"],
        ["TraceStore", "NetworkServer", "OpenSearch", "Configuration"],
        ["TopologyStore"],
        ["Journal", "SegmentStore", "Catalog"],
        ["Sampling", "GraphDrawing"],
        ["WireFormats", "QueryLanguage", "Topology", "Comparison", "Terminal"],
        ["TraceModel"],
        ["HTTPClient"],
        ["Bytes", "Compression", "FileSystem", "Telemetry", "Threads"],
        ["CLZ4", "CCurl", "CZlib", "CShim", "StorageFiles", "QueryFiles", "CWebAssets"],
    ]
}
