import FileSystem
import TestSupport
import Testing

@Suite struct LocalFileSystemTests {
    private let files = LocalFileSystem()

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try body(folder.path)
    }

    @Test func `bytes go out in pieces and come back`() throws {
        try withDirectory { path in
            let file = try files.open("\(path)/a", .createNew)
            defer { files.close(file) }
            // More pieces than one call takes, some of them empty.
            let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try bytes.withUnsafeBytes { raw in
                let pieces = (0..<2500).flatMap { index in
                    [
                        UnsafeRawBufferPointer(rebasing: raw[index * 2..<index * 2 + 2]),
                        UnsafeRawBufferPointer(rebasing: raw[0..<0]),
                    ]
                }
                try files.writeAll(pieces, to: file, at: 10)
            }
            try files.sync(file)
            #expect(try files.byteCount(of: file) == 5010)
            var back = [UInt8](repeating: 1, count: 6000)
            #expect(try back.withUnsafeMutableBytes { try files.readAll(into: $0, from: file, at: 10) } == 5000)
            #expect(Array(back[..<5000]) == bytes)
            try files.truncate(file, to: 3)
            #expect(try files.byteCount(of: file) == 3)
        }
    }

    @Test func `errors say which call, which file and what kind`() throws {
        try withDirectory { path in
            let missing = #expect(throws: FileSystemError.self) { try files.open("\(path)/none", .read) }
            #expect(missing?.code == .notFound && missing?.description.contains("\(path)/none") == true)
            files.close(try files.open("\(path)/a", .createNew))
            #expect(throws: FileSystemError.self) { try files.open("\(path)/a", .createNew) }
            #expect(throws: FileSystemError.self) { try files.remove("\(path)/none") }
            #expect(throws: FileSystemError.self) { try files.names(in: "\(path)/none") }
            #expect(throws: FileSystemError.self) { try files.syncDirectory("\(path)/a") }
            #expect(throws: FileSystemError.self) { try files.createDirectory("\(path)/a/b") }
            let full = try files.open("/dev/full", .readWrite)
            defer { files.close(full) }
            let error = #expect(throws: FileSystemError.self) {
                try [UInt8(1)].withUnsafeBytes { try files.writeAll([$0], to: full, at: 0) }
            }
            #expect(error?.code == .diskFull)
        }
    }

    @Test func `folders are made with those above them, names listed, files renamed`() throws {
        try withDirectory { path in
            try files.createDirectory("\(path)/x")
            try files.createDirectory("\(path)/x")
            files.close(try files.open("\(path)/x/old", .createNew))
            try files.rename("\(path)/x/old", to: "\(path)/x/new")
            try files.syncDirectory("\(path)/x")
            #expect(try files.names(in: "\(path)/x") == ["new"])
            try files.remove("\(path)/x/new")
            try files.createDirectory("\(path)/x/y/z")
            #expect(try files.names(in: "\(path)/x/y") == ["z"])
            try files.createDirectory("\(path)/x/slash/")
            #expect(try files.names(in: "\(path)/x/slash").isEmpty)
        }
    }

    @Test func `one holder of a lock at a time`() throws {
        try withDirectory { path in
            let first = try files.lock("\(path)/lock")
            let error = #expect(throws: FileSystemError.self) { try files.lock("\(path)/lock") }
            #expect(error?.code == .locked)
            files.close(first)
            files.close(try files.lock("\(path)/lock"))
        }
    }
}
