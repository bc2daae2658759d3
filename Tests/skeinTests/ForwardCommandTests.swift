import Forwarding
import Foundation
import HTTPAPI
import TestSupport
import Testing
import TraceStore

@testable import skein

@Suite struct ForwardCommandTests {
    private func folder() throws -> TemporaryFolder {
        let (folder, _) = try StoreFolder.filled(seed: 41, batchCount: 2, spanCount: 50)
        var options = StoreOptions()
        options.destinations = [StoreDestination(name: "main")]
        try TraceStore(path: folder.path, options: options, logger: FolderSource.logger).close()
        let letters = folder.path + "/dead-letters/main"
        try FileManager.default.createDirectory(atPath: letters, withIntermediateDirectories: true)
        let line = """
            {"time":"2026-11-21T10:42:00Z","status":400,"type":"mapper_parsing_exception","reason":"no number",\
            "action":{"index":{"_index":"jaeger-span-2026-11-21","_id":"a_b_c"}},"source":{"traceID":"a"}}\n
            """
        try Data(line.utf8).write(to: URL(filePath: letters + "/00000001.ndjson"))
        return folder
    }

    @Test func `the status of a folder tells what destinations lack`() throws {
        let folder = try folder()
        let shown = try SkeinRun(["forward", "status", "--data", folder.path])
        #expect(shown.code == 0, "\(shown)")
        #expect(shown.output.contains("main") && shown.output.contains("100"))
        let json = try SkeinRun(["forward", "status", "--json", "--data", folder.path])
        let answer = try JSONDecoder().decode(ForwardingAnswer.self, from: Data(json.output.utf8))
        #expect(answer.destinations.map(\.lagSpans) == [100])
        #expect(answer.destinations.map(\.deadLetters) == [1])
    }

    @Test func `dead letters are shown with their reasons`() throws {
        let folder = try folder()
        let shown = try SkeinRun(["forward", "show-dead-letters", "--data", folder.path])
        #expect(shown.code == 0, "\(shown)")
        #expect(
            shown.output.contains("main  jaeger-span-2026-11-21/a_b_c  400 mapper_parsing_exception: no number"))
        #expect(shown.output.hasSuffix("1 dead letter\n"))
        let none = try SkeinRun(["forward", "show-dead-letters", "--destination", "other", "--data", folder.path])
        #expect(none.output == "0 dead letters\n")
    }

    @Test func `a destination is forgotten on request`() throws {
        let folder = try folder()
        #expect(try SkeinRun(["forward", "forget", "main", "--data", folder.path]).output == "forgot main\n")
        let again = try SkeinRun(["forward", "forget", "main", "--data", folder.path])
        #expect(again.code == 1 && again.errors.contains("no destination 'main'"))
    }

    @Test func `without a configured destination nothing is sent again`() throws {
        let folder = try folder()
        let run = try SkeinRun(["forward", "retry-dead-letters", "--data", folder.path])
        #expect(run.code == 1 && run.errors.contains("has no destination"), "\(run)")
    }
}
