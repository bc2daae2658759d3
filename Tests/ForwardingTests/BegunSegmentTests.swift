import FileSystem
import Synchronization
import TestSupport
import Testing

@testable import Forwarding

@Suite struct BegunSegmentTests {
    private func begun(_ segment: Int64, dropping keys: [String] = []) -> BegunSegment {
        var filter = SpanFilter()
        filter.droppedAttributes = keys
        return BegunSegment(segment: segment, filter: filter)
    }

    @Test func `what was noted last is there again`() throws {
        let folder = try TemporaryFolder()
        for destination in ["a", "b"] {
            let file = try BegunSegmentFile(dataPath: folder.path, destination: destination)
            #expect(file.read() == nil)
            try file.write(begun(7))
            try file.write(begun(8, dropping: ["user", "ключ"]))
        }
        let file = try BegunSegmentFile(dataPath: folder.path, destination: "a")
        #expect(file.read() == begun(8, dropping: ["user", "ключ"]))
    }

    @Test(arguments: 0..<7)
    func `a loss of power leaves what was noted before or what is new, and once that is noted the new`(
        failing: Int
    ) throws {
        for seed in 0..<50 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let files = FaultInjectingFileSystem()
            let file = try BegunSegmentFile(dataPath: "/d", destination: "a", fileSystem: files)
            try file.write(begun(1))
            let left = Mutex(failing)
            files.setFault { _, _ in
                left.withLock { left in
                    left -= 1
                    return left < 0 ? .inputOutput : nil
                }
            }
            let isNoted = (try? file.write(begun(2, dropping: ["user"]))) != nil
            let disk = files.afterPowerCut(using: &generator)
            let found = try BegunSegmentFile(dataPath: "/d", destination: "a", fileSystem: disk).read()
            let isNew = found == begun(2, dropping: ["user"])
            #expect(isNew || !isNoted && found == begun(1), "seed \(seed), operation \(failing) fails")
            #expect(isNoted == (failing >= 5))
            #expect(files.openFileCount() == 0)
        }
    }

    @Test func `what cannot be read counts as nothing noted`() throws {
        let files = FaultInjectingFileSystem()
        let file = try BegunSegmentFile(dataPath: "/d", destination: "a", fileSystem: files)
        files.setContents(of: "/d/forwarding/a.json", Array(#"{"segment":"#.utf8))
        #expect(file.read() == nil)
        try file.write(begun(3))
        #expect(file.read() == begun(3))
        files.setFault { operation, _ in operation == .read ? .inputOutput : nil }
        #expect(file.read() == nil)
    }
}
