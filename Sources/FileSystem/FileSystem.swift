/// An open file. Whoever opened it closes it.
public struct FileDescriptor: Hashable, Sendable {
    public let number: Int32

    public init(number: Int32) { self.number = number }
}

/// How a file is opened; there is no mode that follows the file's end, all access is by offset.
public enum FileOpenMode: Sendable {
    case read  // must exist
    case readWrite  // must exist
    case createNew  // must not exist; for reading and writing
    case createEmpty  // what was there is gone; for reading and writing
}

/// The system calls that storage makes, and no others: a protocol, so that tests can fail them and drop what was
/// not synced.
///
/// A file created, renamed or removed is sure to stay so only after `syncDirectory` of the folder that holds it, its
/// bytes only after `sync`. Every call may block.
public protocol FileSystem: Sendable {
    func open(_ path: String, _ mode: FileOpenMode) throws(FileSystemError) -> FileDescriptor

    func close(_ file: FileDescriptor)

    /// Writes the buffers one after the other from `offset` on, growing the file.
    /// - Returns: bytes written, which may be fewer than asked for; `writeAll` goes on until all are.
    func write(
        _ buffers: [UnsafeRawBufferPointer], to file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int

    /// - Returns: bytes read, which may be fewer than the buffer holds; 0 at the end of the file.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, from file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int

    /// Makes the file's bytes and its size durable. After an error the bytes since the last success may be lost, even
    /// if a later call succeeds: use another file.
    func sync(_ file: FileDescriptor) throws(FileSystemError)

    func truncate(_ file: FileDescriptor, to byteCount: Int) throws(FileSystemError)

    func byteCount(of file: FileDescriptor) throws(FileSystemError) -> Int

    /// Replaces a file of the new name in one step.
    func rename(_ path: String, to newPath: String) throws(FileSystemError)

    /// Removes a file, not a folder.
    func remove(_ path: String) throws(FileSystemError)

    /// Creates the folder, and those above it, durably; one that exists is left as it is.
    func createDirectory(_ path: String) throws(FileSystemError)

    /// Names of all entries but `.` and `..`, in no order.
    func names(in directory: String) throws(FileSystemError) -> [String]

    func syncDirectory(_ path: String) throws(FileSystemError)

    /// Opens or creates the file and locks it against every other process and opening; closing it unlocks, and so does
    /// the process's end. Fails with `.locked` at once if another holds it.
    func lock(_ path: String) throws(FileSystemError) -> FileDescriptor
}

extension FileSystem {
    /// Writes every byte, in as many calls as it takes.
    public func writeAll(
        _ buffers: [UnsafeRawBufferPointer], to file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) {
        var rest = buffers.filter { $0.count > 0 }
        var position = offset
        while !rest.isEmpty {
            var written = try write(rest, to: file, at: position)
            guard written > 0 else {
                throw FileSystemError(operation: "write", path: "", code: .other, number: 0, detail: "nothing written")
            }
            position += written
            var whole = 0
            while whole < rest.count && written >= rest[whole].count {
                written -= rest[whole].count
                whole += 1
            }
            rest.removeFirst(whole)
            if written > 0 { rest[0] = UnsafeRawBufferPointer(rebasing: rest[0][written...]) }
        }
    }

    /// Reads until the buffer is full or the file ends.
    /// - Returns: bytes read.
    public func readAll(
        into buffer: UnsafeMutableRawBufferPointer, from file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) -> Int {
        var count = 0
        while count < buffer.count {
            let more = try read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]), from: file, at: offset + count)
            if more == 0 { break }
            count += more
        }
        return count
    }
}
