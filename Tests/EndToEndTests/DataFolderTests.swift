import FoundationEssentials
import TestSupport
import Testing

extension EndToEndTests {
    /// Who may use a data folder, and what is said to those who may not.
    @Suite struct DataFolderTests {
        @Test func `a second program on the folder is refused, and the first goes on undisturbed`() throws {
            let first = try SkeinProcess.started()
            let client = try SkeinClient(first)
            let spans = (1...20).map { span(number: $0) }
            #expect(try client.post(try ZipkinSpan.encodeList(Array(spans[..<10]))).status == 202)
            let folder = try TemporaryFolder()
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/data", withDestinationPath: first.data.path + "/data")
            let second = SkeinProcess(data: folder)
            try second.launch()
            #expect(try second.waitForExit() == 1)
            #expect(second.standardError.contains("another skein has this folder"))
            #expect(second.standardError.contains("--data"))
            #expect(try client.post(try ZipkinSpan.encodeList(Array(spans[10...]))).status == 202)
            #expect(try client.zipkinTrace(spans[0].traceId)?.count == 20)
            first.kill()
            // The lock goes with its holder, however that ended.
            try first.start()
            #expect(try SkeinClient(first).zipkinTrace(spans[0].traceId)?.comparable == spans.comparable)
            try first.terminate()
        }

        @Test func `a damaged catalog is refused with the way to a new one, and left as it is`() throws {
            let process = try stoppedProcess()
            let path = process.data.path + "/data/catalog.db"
            let header = try Data(contentsOf: URL(filePath: path)).prefix(100)
            for damaged in [Data("no SQLite file".utf8), Data(repeating: 0x5a, count: 40_000), header, header + header]
            {
                try removeCatalog(of: process)
                try damaged.write(to: URL(filePath: path))
                try expectRefusal(of: process, saying: "skein store rebuild")
                #expect(try Data(contentsOf: URL(filePath: path)) == damaged)
                #expect(try segments(of: process).count == 1, "no segment may go")
            }
        }

        @Test func `a lost catalog is not taken for an empty store`() throws {
            let process = try stoppedProcess()
            try removeCatalog(of: process)
            for _ in 0..<2 { try expectRefusal(of: process, saying: "skein store rebuild") }
            #expect(try segments(of: process).count == 1)
        }

        /// A program that stored one span in a segment, and ended.
        private func stoppedProcess() throws -> SkeinProcess {
            let process = try SkeinProcess.started()
            #expect(try SkeinClient(process).post(try ZipkinSpan.encodeList([span(number: 1)])).status == 202)
            try process.terminate()
            return process
        }

        private func removeCatalog(of process: SkeinProcess) throws {
            let folder = process.data.path + "/data/"
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix("catalog") {
                try FileManager.default.removeItem(atPath: folder + name)
            }
        }

        private func expectRefusal(of process: SkeinProcess, saying text: String) throws {
            try process.launch()
            #expect(try process.waitForExit() == 1)
            #expect(process.standardError.contains(text), "\(process.standardError)")
            #expect(process.standardError.contains("catalog.db"), "\(process.standardError)")
        }

        private func segments(of process: SkeinProcess) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: process.data.path + "/data/segments")
        }

        private func span(number: Int) -> ZipkinSpan {
            .made(traceID: 7, spanID: UInt64(number), service: "folder", epochMicroseconds: 1_790_000_000_000_000)
        }
    }
}
