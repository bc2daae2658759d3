import FileSystem
import Glibc
import Journal
import TestSupport
import Testing

@Suite(.serialized) struct JournalCrashTests {
    @Test(arguments: ["always", "interval", "never"])
    func `killed at any moment, nothing acknowledged is missing`(mode: String) throws {
        let seed = UInt64.random(in: 1...1_000_000)
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<(mode == "interval" ? 6 : 2) {
            let directory = try TemporaryFolder()
            let child = try Child(directory.path, mode)
            usleep(UInt32.random(in: 20_000...250_000, using: &generator))
            let acknowledged = child.killAndRead()
            var found: [UInt64: Int] = [:]
            var isIntact = true
            let journal = try Journal(directory: directory.path) { _, bytes in
                let number = bytes.loadUnaligned(as: UInt64.self)
                found[number, default: 0] += 1
                isIntact = isIntact && bytes.count == 8 + Int(number % 3000)
                let factor = Int(number % 251)
                for index in 0..<Int(number % 3000) {
                    isIntact = isIntact && bytes[8 + index] == UInt8(truncatingIfNeeded: index &* factor)
                }
            }
            journal.close()
            #expect(isIntact && found.values.allSatisfy { $0 == 1 }, "seed \(seed)")
            #expect(acknowledged.allSatisfy { found[$0] == 1 }, "seed \(seed)")
            #expect(found.keys.max().map { Int($0) + 1 } ?? 0 == found.count, "seed \(seed): none is skipped")
            #expect(journal.recovery.damages.isEmpty, "seed \(seed)")
        }
    }
}

/// A process that appends without end.
private struct Child {
    private let process: pid_t
    private let output: Int32

    init(_ directory: String, _ mode: String) throws {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own[..<(own.lastIndex(of: "/") ?? own.startIndex)]
        let program = "\(folder)/journal-crash-child"
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        closeOtherFiles(&actions)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup(directory), strdup(mode), nil]
        defer { for argument in arguments { free(argument) } }
        var started = pid_t()
        let outcome = posix_spawn(&started, program, &actions, nil, &arguments, environ)
        close(ends[1])
        try #require(outcome == 0, "\(program) cannot be started")
        process = started
        output = ends[0]
        // The pipe must not fill while the child runs.
        _ = fcntl(output, 1031, 1 << 20)
    }

    /// Ends the process without warning.
    /// - Returns: the numbers that it was told are safe.
    func killAndRead() -> [UInt64] {
        kill(process, SIGKILL)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(output, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer.prefix(count)
        }
        close(output)
        waitpid(process, nil, 0)
        return stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map { start in
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: UInt64.self) }
        }
    }
}
