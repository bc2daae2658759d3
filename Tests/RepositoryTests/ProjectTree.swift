import FoundationEssentials

/// The project's own text files, as they lie on the disk.
enum ProjectTree {
    struct File: Sendable, CustomStringConvertible {
        /// Path from the project's folder.
        let path: String
        let lines: [Substring]

        var description: String { path }

        var isSwift: Bool { path.hasSuffix(".swift") }
        /// Says so near its beginning.
        var isGenerated: Bool {
            lines.prefix(5).contains { $0.hasPrefix("//") && $0.lowercased().contains("generated") }
        }

        /// The target that the file is compiled into, of `Sources` or `Tests`; nil for others.
        var target: String? {
            let parts = path.split(separator: "/")
            guard parts.count > 2, parts[0] == "Sources" || parts[0] == "Tests" else { return nil }
            return String(parts[1])
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// What is read at all: other files are pictures, recordings and the like.
    private static let textExtensions: Set<String> = [
        "swift", "c", "h", "sql", "md", "yaml", "yml", "json", "sh", "py", "js", "css", "html", "modulemap", "service",
        "",
    ]
    /// Not the project's own, or not to be kept: built, fetched or recorded.
    private static let passedOver: Set<String> = [
        ".git", ".build", ".build-bench", ".swiftpm", "node_modules", "skein-data",
    ]

    static let files: [File] = {
        var files: [File] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
            for name in names.sorted() where !passedOver.contains(name) && !name.hasPrefix(".build") {
                let path = folder.isEmpty ? name : folder + "/" + name
                var isFolder = false
                guard FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder) else {
                    continue
                }
                if isFolder {
                    folders.append(path)
                } else if let file = read(path, name) {
                    files.append(file)
                }
            }
        }
        return files.sorted { $0.path < $1.path }
    }()

    private static func read(_ path: String, _ name: String) -> File? {
        let dot = name.lastIndex(of: ".")
        let fileExtension = dot.map { name[name.index(after: $0)...] } ?? ""
        guard textExtensions.contains(String(fileExtension)) || name.hasPrefix("."),
            let text = try? String(contentsOfFile: root + "/" + path, encoding: .utf8)
        else { return nil }
        return File(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }
}
