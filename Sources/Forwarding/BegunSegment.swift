internal import FileSystem
internal import FoundationEssentials

/// The segment that a destination is handed, and the filter with which that was begun.
///
/// It is ended with the same one, whatever the configuration says after a restart: an ID is made of what a document
/// says, so that a span that is sent again with more or less of it would be there twice.
struct BegunSegment: Codable, Equatable {
    var segment: Int64
    var filter: SpanFilter
}

/// Where a destination's begun segment is noted, through a crash of the process.
struct BegunSegmentFile {
    private let path: String
    private let fileSystem: any FileSystem

    /// Far more than a filter's words.
    private static let byteCountMax = 1 << 20

    init(
        dataPath: String, destination: String, fileSystem: any FileSystem = LocalFileSystem()
    ) throws(ForwardingError) {
        let folder = dataPath + "/forwarding"
        path = "\(folder)/\(destination).json"
        self.fileSystem = fileSystem
        do throws(FileSystemError) {
            try fileSystem.createDirectory(folder)
        } catch {
            throw ForwardingError(.unusable, "\(error)")
        }
    }

    /// Nil if nothing is noted, or nothing that can be read.
    func read() -> BegunSegment? {
        var bytes: [UInt8] = []
        do throws(FileSystemError) {
            let file = try fileSystem.open(path, .read)
            defer { fileSystem.close(file) }
            bytes = [UInt8](repeating: 0, count: min(try fileSystem.byteCount(of: file), Self.byteCountMax))
            var failure: FileSystemError?
            bytes.withUnsafeMutableBytes { buffer in
                do throws(FileSystemError) {
                    _ = try fileSystem.readAll(into: buffer, from: file, at: 0)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        } catch {
            return nil
        }
        return try? JSONDecoder().decode(BegunSegment.self, from: Data(bytes))
    }

    /// Puts it in the place of what was noted before.
    func write(_ begun: BegunSegment) throws {
        let bytes = Array(try JSONEncoder().encode(begun))
        let newPath = path + ".new"
        let file = try fileSystem.open(newPath, .createEmpty)
        do {
            defer { fileSystem.close(file) }
            try bytes.withUnsafeBytes { try fileSystem.writeAll([$0], to: file, at: 0) }
        }
        try fileSystem.rename(newPath, to: path)
    }
}
