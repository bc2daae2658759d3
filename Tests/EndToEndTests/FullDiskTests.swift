import FoundationEssentials
import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// A disk without room: senders are told so, queries go on, and nothing has to be restarted afterwards.
    @Suite(.enabled(if: SmallDisk.isPossible, "only root may mount a small file system"))
    struct FullDiskTests {
        @Test func `a full disk refuses spans, answers queries, and takes spans again when there is room`() throws {
            var generator = SeededGenerator(seed: EndToEndTests.seed())
            let folder = try TemporaryFolder()
            let disk = try SmallDisk(on: folder.path + "/data", byteCount: 6 << 20)
            let process = SkeinProcess(data: folder, options: SkeinProcess.frequentSealing)
            try disk.addBallast(leaving: 1 << 20)
            try process.start()
            let sender = LoadSender(service: "full", epochMicroseconds: TimeWindow.nowMicroseconds - 60_000_000)
            var ledger = Ledger()
            for round in 0..<(EndToEndTests.isTorture ? 5 : 1) {
                if round > 0 { try disk.addBallast(leaving: 0) }
                try fill(process, sender, &ledger, &generator)
                try expectAnswers(of: process, ledger)
                disk.removeBallast()
                try expectRecovery(of: process, sender, &ledger, &generator)
            }
            #expect(ledger.accepted.count > 50)
            let client = try SkeinClient(process)
            #expect(try sender.mistakes(in: ledger, client: client) == [])
            try process.terminate()
            try process.start()
            #expect(!process.standardError.contains("removed a segment"), "a failed sealing left a file behind")
            #expect(try sender.mistakes(in: ledger, client: try SkeinClient(process)) == [])
            try process.terminate()
        }

        @Test func `started on a full disk it says so, and starts when there is room`() throws {
            let folder = try TemporaryFolder()
            let disk = try SmallDisk(on: folder.path + "/data", byteCount: 4 << 20)
            let process = SkeinProcess(data: folder)
            try process.start()
            let span = ZipkinSpan.made(traceID: 7, spanID: 1, service: "full", epochMicroseconds: 1_790_000_000_000_000)
            #expect(try SkeinClient(process).post(try ZipkinSpan.encodeList([span])).status == 202)
            process.kill()
            try disk.addBallast(leaving: 0)
            try process.launch()
            #expect(try process.waitForExit() == 1)
            let reason = process.standardError
            #expect(reason.contains("full") || reason.contains("No space left"), "\(reason)")
            disk.removeBallast()
            try process.start()
            #expect(try SkeinClient(process).zipkinTrace(span.traceId)?.comparable == [span].comparable)
            try process.terminate()
        }

        /// Posts until the disk is full and sealing has failed too.
        private func fill(
            _ process: SkeinProcess, _ sender: LoadSender, _ ledger: inout Ledger,
            _ generator: inout SeededGenerator
        ) throws {
            let failures = sealingFailureCount(process)
            var refusedInARow = 0
            var refusedSince = ContinuousClock.now
            for _ in 0..<60_000 {
                let response = try post(process, sender, &ledger, &generator)
                refusedInARow = response.status == 503 ? refusedInARow + 1 : 0
                if refusedInARow == 0 { refusedSince = .now }
                if refusedInARow > 20 {
                    if sealingFailureCount(process) > failures { return }
                    // Which of both has no room first is chance. Memory may be full for a moment, too: sealing is slow.
                    let isReasonTold = process.standardError.contains(
                        "the journal cannot be written; spans are refused")
                    try #require(
                        isReasonTold || ContinuousClock.now - refusedSince < .seconds(60), "refused without a reason")
                    usleep(50_000)
                }
            }
            Issue.record("the disk was never full: \(process.standardError.suffix(2000))")
        }

        private func sealingFailureCount(_ process: SkeinProcess) -> Int {
            process.standardError.split(separator: "\n").filter { $0.contains("could not be sealed") }.count
        }

        /// One batch. What is answered has to be an acceptance, or a refusal that says when to come again.
        private func post(
            _ process: SkeinProcess, _ sender: LoadSender, _ ledger: inout Ledger, _ generator: inout SeededGenerator
        ) throws -> HTTPResponse {
            let trace = generator.next()
            let spans = (0..<8).map { _ in generator.next() }
            let body = try ZipkinSpan.encodeList(
                spans.map {
                    .made(
                        traceID: trace, spanID: $0, service: sender.service,
                        epochMicroseconds: sender.epochMicroseconds)
                })
            let response = try SkeinClient(process).post(body)
            switch response.status {
            case 202:
                ledger.sent[trace] = Set(spans)
                ledger.accepted[trace] = Set(spans)
            case 503:
                ledger.sent[trace] = []
                #expect(response.header("retry-after") != nil)
                #expect(!response.text.isEmpty)
            default:
                Issue.record("\(response.status): \(response.text)")
            }
            return response
        }

        private func expectAnswers(of process: SkeinProcess, _ ledger: Ledger) throws {
            let client = try SkeinClient(process)
            for (trace, spans) in ledger.accepted.prefix(20) {
                let id = ZipkinSpan.hexadecimal(trace) + ZipkinSpan.hexadecimal(~trace)
                #expect(try client.zipkinTrace(id)?.count == spans.count)
            }
            #expect(try client.zipkinServices() == ["full"])
            #expect(try client.zipkinSearch(service: "full").count == ledger.accepted.count)
            let admin = try HTTPConnection(port: try process.port("admin"))
            #expect(try admin.request("GET", "/health/ready").status == 200, "who asks is still answered")
        }

        /// The same process accepts again, and seals what waited.
        private func expectRecovery(
            of process: SkeinProcess, _ sender: LoadSender, _ ledger: inout Ledger,
            _ generator: inout SeededGenerator
        ) throws {
            let deadline = ContinuousClock.now + .seconds(60)
            var acceptedInARow = 0
            while acceptedInARow < 20 {
                let response = try post(process, sender, &ledger, &generator)
                acceptedInARow = response.status == 202 ? acceptedInARow + 1 : 0
                if response.status != 202 { usleep(50_000) }
                try #require(ContinuousClock.now < deadline, "refused for a minute with room on the disk")
            }
            #expect(process.isRunning)
        }
    }
}
