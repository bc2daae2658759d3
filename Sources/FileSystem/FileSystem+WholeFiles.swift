/// Small files, which are read and written whole.
extension FileSystem {
    /// Writes every byte, in as many calls as it takes.
    public func writeAll(
        _ bytes: [UInt8], to file: FileDescriptor, at offset: Int
    ) throws(FileSystemError) {
        let outcome: Result<Void, FileSystemError> = bytes.withUnsafeBytes { raw in
            Result { () throws(FileSystemError) in try writeAll([raw], to: file, at: offset) }
        }
        try outcome.get()
    }

    /// The bytes of a file.
    public func readAll(of path: String) throws(FileSystemError) -> [UInt8] {
        let file = try open(path, .read)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: try byteCount(of: file))
        let outcome: Result<Int, FileSystemError> = bytes.withUnsafeMutableBytes { raw in
            Result { () throws(FileSystemError) in try readAll(into: raw, from: file, at: 0) }
        }
        bytes.removeLast(bytes.count - (try outcome.get()))
        return bytes
    }

    /// Puts a file in the place of the one that may be there, durably: at any moment there is the old one or the new
    /// one, whole.
    public func replace(_ name: String, in folder: String, by bytes: [UInt8]) throws(FileSystemError) {
        let path = folder + "/" + name
        let file = try open(path + ".new", .createEmpty)
        defer { close(file) }
        try writeAll(bytes, to: file, at: 0)
        try sync(file)
        try rename(path + ".new", to: path)
        try syncDirectory(folder)
    }
}
