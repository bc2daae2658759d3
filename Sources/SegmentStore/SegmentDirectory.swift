public import FileSystem

/// The folder of a store's segment files: their names, writing, opening, removing. Nobody else builds a path in it.
public struct SegmentDirectory: Sendable {
    public let path: String
    private let fileSystem: any FileSystem

    private static let suffix = ".segment"
    /// What a file is called while it is written; one that is left over was never finished.
    private static let unfinishedSuffix = ".unfinished"
    /// What follows the name of a file that was set aside.
    private static let damagedSuffix = ".damaged"

    /// Makes the folder if it is missing.
    public init(path: String, fileSystem: any FileSystem) throws(SegmentError) {
        self.path = path
        self.fileSystem = fileSystem
        try Self.wrap { () throws(FileSystemError) in try fileSystem.createDirectory(path) }
    }

    /// The name of the file of a segment.
    public static func fileName(_ id: Int64) -> String {
        let digits = String(id)
        return String(repeating: "0", count: max(0, 10 - digits.count)) + digits + suffix
    }

    /// The segment that a file is of; nil for a file that is none.
    public static func segmentID(ofFile name: String) -> Int64? {
        guard name.hasSuffix(suffix), let id = Int64(name.dropLast(suffix.count)), fileName(id) == name else {
            return nil
        }
        return id
    }

    /// A new file, to be filled and finished.
    public func create(_ name: String) throws(SegmentError) -> UnfinishedSegment {
        try Self.wrap { () throws(FileSystemError) in
            try UnfinishedSegment(
                directory: path, name: name, suffix: Self.unfinishedSuffix, fileSystem: fileSystem)
        }
    }

    public func open(_ name: String) throws(SegmentError) -> SegmentOnDisk {
        try Self.wrap { () throws(FileSystemError) in
            let file = try fileSystem.open(path + "/" + name, .read)
            do throws(FileSystemError) {
                return SegmentOnDisk(
                    name: name, byteCount: try fileSystem.byteCount(of: file), file: file, fileSystem: fileSystem)
            } catch {
                fileSystem.close(file)
                throw error
            }
        }
    }

    /// Removes a file; one that is open stays readable to those who have it.
    public func remove(_ name: String) throws(SegmentError) {
        try Self.wrap { () throws(FileSystemError) in try fileSystem.remove(path + "/" + name) }
    }

    /// Gives a damaged file a name that no segment has; it stays where it is, and nothing reads or removes it.
    /// - Returns: its new name.
    public func setAside(_ name: String) throws(SegmentError) -> String {
        let newName = name + Self.damagedSuffix
        try Self.wrap { () throws(FileSystemError) in
            try fileSystem.rename(path + "/" + name, to: path + "/" + newName)
        }
        return newName
    }

    /// IDs of the segments whose files were set aside, ascending.
    public func idsSetAside() throws(SegmentError) -> [Int64] {
        try Self.wrap { () throws(FileSystemError) in
            try fileSystem.names(in: path).compactMap { name in
                guard name.hasSuffix(Self.damagedSuffix) else { return nil }
                return Self.segmentID(ofFile: String(name.dropLast(Self.damagedSuffix.count)))
            }.sorted()
        }
    }

    /// Makes durable that files were removed or renamed.
    public func sync() throws(SegmentError) {
        try Self.wrap { () throws(FileSystemError) in try fileSystem.syncDirectory(path) }
    }

    /// Names of all segment files, sorted. Removes what was never finished.
    public func names() throws(SegmentError) -> [String] {
        try Self.wrap { () throws(FileSystemError) in
            let names = try fileSystem.names(in: path)
            for name in names where name.hasSuffix(Self.unfinishedSuffix) { try fileSystem.remove(path + "/" + name) }
            return names.filter { Self.segmentID(ofFile: $0) != nil }.sorted()
        }
    }

    static func wrap<Value>(_ body: () throws(FileSystemError) -> Value) throws(SegmentError) -> Value {
        do throws(FileSystemError) { return try body() } catch { throw Self.error(error) }
    }

    static func error(_ error: FileSystemError) -> SegmentError {
        SegmentError(error.code == .diskFull ? .diskFull : .unreadable, "segments: \(error)")
    }
}

/// A segment's file, open for reading until nobody has it any more.
public final class SegmentOnDisk: SegmentSource {
    public let name: String
    public let byteCount: Int
    private let file: FileDescriptor
    private let fileSystem: any FileSystem

    init(name: String, byteCount: Int, file: FileDescriptor, fileSystem: any FileSystem) {
        self.name = name
        self.byteCount = byteCount
        self.file = file
        self.fileSystem = fileSystem
    }

    deinit { fileSystem.close(file) }

    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SegmentError) {
        var count = 0
        do throws(FileSystemError) {
            count = try fileSystem.readAll(into: buffer, from: file, at: Int(offset))
        } catch {
            throw SegmentError(.unreadable, "\(name): \(error)")
        }
        guard count == buffer.count else {
            throw SegmentError(.corrupt, "\(name): it ends early, at byte \(Int(offset) + count)")
        }
    }
}
