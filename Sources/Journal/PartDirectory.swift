internal import FileSystem

/// The folder of the parts. Nobody else builds a path.
struct PartDirectory: Sendable {
    let path: String
    let fileSystem: any FileSystem

    func path(ofPart number: UInt64) -> String {
        let digits = String(number)
        return "\(path)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).journal"
    }

    /// Numbers of the parts there are, upwards. Other files are left alone.
    func partNumbers() throws(FileSystemError) -> [UInt64] {
        try fileSystem.names(in: path).compactMap { name -> UInt64? in
            guard name.hasSuffix(".journal"), let number = UInt64(name.dropLast(8)), number > 0, number < 1 << 53,
                self.path(ofPart: number) == "\(path)/\(name)"
            else { return nil }
            return number
        }.sorted()
    }

    /// Starts a part: its header is written, nothing is synced.
    func createPart(_ header: PartHeader) throws(FileSystemError) -> PartFile {
        let path = path(ofPart: header.number)
        // Its number was never used before, except by an attempt of this process that failed.
        let descriptor = try fileSystem.open(path, .createEmpty)
        let file = PartFile(number: header.number, salt: header.salt, descriptor: descriptor, fileSystem: fileSystem)
        do throws(FileSystemError) {
            let bytes = header.encode()
            let outcome = bytes.withUnsafeBytes { buffer in
                Result { () throws(FileSystemError) in try fileSystem.writeAll([buffer], to: descriptor, at: 0) }
            }
            try outcome.get()
        } catch {
            try? fileSystem.remove(path)
            throw error
        }
        return file
    }

    /// Removes the parts up to `number`.
    ///
    /// The highest part of the folder is emptied instead, so that numbers go on from it after a restart.
    func removeParts(through number: UInt64) throws(FileSystemError) {
        let numbers = try partNumbers()
        for part in numbers where part <= number {
            if part == numbers.last {
                let file = try fileSystem.open(path(ofPart: part), .readWrite)
                defer { fileSystem.close(file) }
                if try fileSystem.byteCount(of: file) > JournalFormat.partHeaderByteCount {
                    try fileSystem.truncate(file, to: JournalFormat.partHeaderByteCount)
                    try fileSystem.sync(file)
                }
            } else {
                do throws(FileSystemError) {
                    try fileSystem.remove(path(ofPart: part))
                } catch  where error.code == .notFound {
                    // Somebody else's removal, at the same time.
                }
            }
        }
        try fileSystem.syncDirectory(path)
    }
}

/// A part that is being written, closed when nobody uses it any more.
final class PartFile: Sendable {
    let number: UInt64
    let salt: UInt32
    let descriptor: FileDescriptor
    private let fileSystem: any FileSystem

    init(number: UInt64, salt: UInt32, descriptor: FileDescriptor, fileSystem: any FileSystem) {
        self.number = number
        self.salt = salt
        self.descriptor = descriptor
        self.fileSystem = fileSystem
    }

    deinit { fileSystem.close(descriptor) }
}
