internal import FileSystem

/// Takes the bytes of a segment in order.
protocol SegmentOutput: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws(SegmentError)
}

/// A segment that is put together in memory.
final class SegmentBytes: SegmentOutput {
    private(set) var bytes: [UInt8] = []

    func append(_ bytes: UnsafeRawBufferPointer) { self.bytes.append(contentsOf: bytes) }
}

/// A segment's file while it is written, under another name than the one that it gets in the end.
///
/// Not for use by two threads at a time.
public final class UnfinishedSegment: SegmentOutput {
    private let fileSystem: any FileSystem
    private let file: FileDescriptor
    private let directory: String
    private let path: String
    private let finalPath: String
    private var pending: [UInt8] = []
    private var offset = 0
    private var isOpen = true
    private var isNamed = false

    private static let pendingByteCountMax = 1 << 18

    init(
        directory: String, name: String, suffix: String, fileSystem: any FileSystem
    ) throws(FileSystemError) {
        self.directory = directory
        self.fileSystem = fileSystem
        finalPath = directory + "/" + name
        path = finalPath + suffix
        file = try fileSystem.open(path, .createEmpty)
        pending.reserveCapacity(Self.pendingByteCountMax)
    }

    deinit { abandon() }

    /// Bytes so far.
    public var byteCount: Int { offset + pending.count }

    func append(_ bytes: UnsafeRawBufferPointer) throws(SegmentError) {
        pending.append(contentsOf: bytes)
        if pending.count >= Self.pendingByteCountMax { try flush() }
    }

    /// Makes the file durable and gives it its name; under that there is never a part of it.
    public func finish() throws(SegmentError) {
        try flush()
        try SegmentDirectory.wrap { () throws(FileSystemError) in
            try fileSystem.sync(file)
            try fileSystem.rename(path, to: finalPath)
            isNamed = true
            try fileSystem.syncDirectory(directory)
        }
        close()
    }

    /// Closes the file, and removes what was written if it has not got its name: the room may be just what is missing.
    public func abandon() {
        guard isOpen else { return }
        close()
        // What cannot be removed now goes at the next start.
        if !isNamed { try? fileSystem.remove(path) }
    }

    private func close() {
        isOpen = false
        fileSystem.close(file)
    }

    private func flush() throws(SegmentError) {
        let failure: FileSystemError? = pending.withUnsafeBytes { raw in
            do throws(FileSystemError) {
                try fileSystem.writeAll([raw], to: file, at: offset)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw SegmentDirectory.error(failure) }
        offset += pending.count
        pending.removeAll(keepingCapacity: true)
    }
}
