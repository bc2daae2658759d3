import Foundation
import Logging
import Synchronization
import TestSupport
import Testing
import TraceModel
import TraceStore

@testable import skein

/// Export and import, and the other commands on a data folder, as whole programs.
@Suite struct StoreTransferTests {
    @Test(arguments: ["jsonl", "otlp"])
    func `an export that is imported gives spans that are equal in everything`(format: String) throws {
        let (old, traceIDs) = try StoreFolder.filled(seed: 21, batchCount: 5, spanCount: 700)
        let new = try TemporaryFolder()
        let file = new.path + "/spans"
        let exported = try SkeinRun(["store", "export", "--format", format, "--output", file, "--data", old.path])
        #expect(exported.code == 0, "\(exported)")
        #expect(exported.errors.hasPrefix("exported 3 500 spans, "))
        #expect(!FileManager.default.fileExists(atPath: file + ".unfinished"))
        // Told from its first bytes.
        let imported = try SkeinRun(["store", "import", file, "--data", new.path + "/data"])
        #expect(imported.code == 0, "\(imported)")
        #expect(imported.output == "imported 3 500 spans\n")
        try StoreFolder.expectEqual(old.path, new.path + "/data", traceIDs)
        #expect(try SkeinRun(["store", "verify", "--data", new.path + "/data"]).code == 0)
    }

    @Test func `an export goes through a pipe into an import`() throws {
        let (old, traceIDs) = try StoreFolder.filled(seed: 22, batchCount: 1, spanCount: 300)
        let new = try TemporaryFolder()
        let exported = try SkeinRun(["store", "export", "--json", "--data", old.path])
        #expect(exported.errors.contains("\"spans\" : 300"))
        let imported = try SkeinRun(
            ["store", "import", "-", "--json", "--data", new.path], input: Data(exported.output.utf8))
        #expect(imported.output.contains("\"spans\" : 300"), "\(imported)")
        try StoreFolder.expectEqual(old.path, new.path, traceIDs)
    }

    @Test func `a plain TracesData message is read`() throws {
        let (old, traceIDs) = try StoreFolder.filled(seed: 23, batchCount: 1, spanCount: 40)
        let new = try TemporaryFolder()
        let framed = new.path + "/framed"
        #expect(
            try SkeinRun(["store", "export", "--format", "otlp", "--output", framed, "--data", old.path]).code == 0)
        // One message, without the length before it.
        let bytes = try Data(contentsOf: URL(filePath: framed))
        let headerByteCount = bytes.prefix { $0 >= 0x80 }.count + 1
        let plain = new.path + "/plain"
        try bytes.dropFirst(headerByteCount).write(to: URL(filePath: plain))
        let imported = try SkeinRun(["store", "import", plain, "--data", new.path + "/data"])
        #expect(imported.output == "imported 40 spans\n", "\(imported)")
        try StoreFolder.expectEqual(old.path, new.path + "/data", traceIDs)
    }

    @Test func `a selection exports whole traces`() throws {
        let folder = try TemporaryFolder()
        let store = try StoreFolder.open(folder.path)
        for (trace, services) in [(UInt64(1), ["a", "b"]), (2, ["b"]), (3, ["a"])] {
            var builder = SpanBatchBuilder()
            for (number, service) in services.enumerated() {
                builder.beginSpan()
                builder.traceID = TraceID(high: 0, low: trace)
                builder.spanID = UInt64(number) + 1
                builder.start = Int64(trace) * 1_000_000_000_000_000_000
                var name = service
                builder.serviceName = name.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
                builder.endSpan()
            }
            try StoreFolder.append(builder.makeBatch(), to: store)
        }
        store.close()
        func exported(_ options: [String]) throws -> String {
            try SkeinRun(["store", "export", "--data", folder.path] + options).errors.split(separator: ",").first.map(
                String.init) ?? ""
        }
        #expect(try exported(["--service", "a"]) == "exported 3 spans")
        #expect(try exported(["--service", "b", "--since", "2020-01-01T00:00:00Z"]) == "exported 1 span")
        #expect(try exported(["--until", "2020-01-01T00:00:00Z"]) == "exported 2 spans")
        #expect(try exported(["--service", "c"]) == "exported 0 spans")
    }

    @Test func `a bad line is named, and passed over when that is asked for`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/spans.jsonl"
        let span = #"{"traceId":"0000000000000000000000000000000a","spanId":"000000000000000b","name":"x"}"#
        let line = #"{"resourceSpans":[{"scopeSpans":[{"spans":["# + span + "]}]}]}"
        try Data("\(line)\n\n{\"resourceSpans\":[}\n\(line)\n".utf8).write(to: URL(filePath: file))
        let stopped = try SkeinRun(["store", "import", file, "--data", folder.path + "/data"])
        #expect(stopped.code == 1)
        #expect(stopped.errors.hasPrefix("skein: \(file): line 3: "), "\(stopped)")
        #expect(stopped.errors.hasSuffix("\nskein: 1 span before it are kept\n"))
        let skipped = try SkeinRun(["store", "import", "--skip-bad", file, "--data", folder.path + "/other"])
        #expect(skipped.code == 0)
        #expect(skipped.output == "imported 2 spans\npassed over 1 message and 0 spans\n")
    }

    @Test func `a stream that is cut is told of`() throws {
        let (old, _) = try StoreFolder.filled(seed: 24, batchCount: 1, spanCount: 100)
        let new = try TemporaryFolder()
        let file = new.path + "/spans"
        #expect(try SkeinRun(["store", "export", "--format", "otlp", "--output", file, "--data", old.path]).code == 0)
        let bytes = try Data(contentsOf: URL(filePath: file))
        try bytes.dropLast().write(to: URL(filePath: file))
        let imported = try SkeinRun(["store", "import", file, "--data", new.path + "/data"])
        #expect(imported.code == 1)
        #expect(imported.errors == "skein: \(file): message 1: it ends early\n")
    }

    @Test(arguments: 1...7) func `lines and messages are found whatever the size of reads`(length: Int) throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/lines"
        let line = String(repeating: "x", count: length)
        try Data("\(line)\n\n \n\(line)".utf8).write(to: URL(filePath: file))
        let input = try SpanFileInput(file, messageByteCountMax: 10)
        #expect(try input.next(.jsonl).map { $0.bytes.count } == length)
        let last = try #require(try input.next(.jsonl))
        #expect(last.place == "\(file): line 4")
        #expect(last.bytes.count == length)
        #expect(try input.next(.jsonl) == nil)

        try Data([UInt8(length)] + Array(repeating: 1, count: length) + [200, 1]).write(to: URL(filePath: file))
        let messages = try SpanFileInput(file, messageByteCountMax: 10)
        #expect(try messages.next(.otlp).map { $0.bytes.count } == length)
        #expect(throws: CommandFailure.self) { try messages.next(.otlp) }
    }
}

/// A data folder as tests fill it.
enum StoreFolder {
    static func open(_ path: String) throws -> TraceStore {
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        return try TraceStore(path: path, options: StoreOptions(), logger: logger)
    }

    /// A closed folder with a segment for each batch, and the traces that it has.
    static func filled(
        seed: UInt64, batchCount: Int, spanCount: Int
    ) throws -> (folder: TemporaryFolder, traceIDs: [TraceID]) {
        let folder = try TemporaryFolder()
        let store = try open(folder.path)
        var generator = SpanGenerator(seed: seed)
        for _ in 0..<batchCount {
            try append(generator.batch(spanCount: spanCount), to: store)
            try store.seal()
        }
        store.close()
        return (folder, generator.traceIDs)
    }

    static func append(_ batch: SpanBatch, to store: TraceStore) throws {
        let importer = SpanImporter(store)
        try importer.append(batch, from: "test")
        try importer.finish()
    }

    static func expectEqual(_ old: String, _ new: String, _ traceIDs: [TraceID]) throws {
        let (old, new) = (try open(old), try open(new))
        defer {
            old.close()
            new.close()
        }
        #expect(traceIDs.count > 5)
        for traceID in traceIDs {
            let expected = try old.trace(traceID)?.spans ?? []
            var found = try new.trace(traceID)?.spans ?? []
            #expect(found.count == expected.count)
            for span in expected {
                let place = found.firstIndex { $0.hasEqualContent(to: span) }
                #expect(place != nil, "span \(span.spanID) of trace \(traceID)")
                if let place { found.remove(at: place) }
            }
        }
        #expect(old.statistics().segmentSpanCount == new.statistics().segmentSpanCount)
    }
}

/// A run of the program that was built beside the tests.
struct SkeinRun {
    let code: Int32
    let output: String
    let errors: String

    init(_ arguments: [String], input: Data = Data()) throws {
        let process = Process()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "skein")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SKEIN_") }
        let folder = try TemporaryFolder()
        let paths = ["/input", "/output", "/errors"].map { folder.path + $0 }
        for path in paths { try input.write(to: URL(filePath: path)) }
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: paths[0]))
        for path in paths.dropFirst() { try Data().write(to: URL(filePath: path)) }
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: paths[1]))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: paths[2]))
        try process.run()
        process.waitUntilExit()
        code = process.terminationStatus
        output = try String(contentsOfFile: paths[1], encoding: .utf8)
        errors = try String(contentsOfFile: paths[2], encoding: .utf8)
    }
}
