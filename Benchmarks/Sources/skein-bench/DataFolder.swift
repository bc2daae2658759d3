import Foundation

/// The space that a folder takes.
struct FolderSize: Codable, Equatable {
    /// Sum of file lengths.
    var byteCount = 0
    /// What the file system has given them.
    var allocatedByteCount = 0
    var fileCount = 0
}

/// What is in the server's data folder.
struct DataFolder: Equatable {
    private(set) var total = FolderSize()
    /// By the first part of the path; files at the top are under their own name.
    private(set) var parts: [String: FolderSize] = [:]
    private(set) var newestChange = 0.0

    /// Looks at every file; those that go away meanwhile are left out.
    init(path: String) {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
        for name in names {
            var entry = stat()
            guard lstat(path + "/" + name, &entry) == 0 else { continue }
            newestChange = max(newestChange, Double(entry.st_mtim.tv_sec) + Double(entry.st_mtim.tv_nsec) / 1e9)
            let isFolder = entry.st_mode & S_IFMT == S_IFDIR
            let part = String(name.prefix { $0 != "/" })
            add(entry, isFolder: isFolder, to: &total)
            add(entry, isFolder: isFolder, to: &parts[part, default: FolderSize()])
        }
    }

    private func add(_ entry: stat, isFolder: Bool, to size: inout FolderSize) {
        size.allocatedByteCount += Int(entry.st_blocks) * 512
        guard !isFolder else { return }
        size.byteCount += Int(entry.st_size)
        size.fileCount += 1
    }
}
