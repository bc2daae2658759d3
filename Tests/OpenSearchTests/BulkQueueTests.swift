import TestSupport
import Testing
import WireFormats

@testable import OpenSearch

@Suite struct BulkQueueTests {
    private var options: BulkOptions {
        var options = BulkOptions()
        options.backoffMin = .milliseconds(100)
        options.backoffMax = .seconds(5)
        return options
    }

    private func take(_ queue: inout BulkQueue, now: UInt64) throws -> BulkQueue.Piece {
        guard let piece = queue.next(now: now) else { throw TestSupportError("there is nothing to be sent") }
        return piece
    }

    private func outcome(_ count: Int, _ problems: [Int: (status: Int, type: String)] = [:]) throws -> BulkOutcome {
        let items = (0..<count).map { document in
            guard let problem = problems[document] else { return #"{"index":{"status":201}}"# }
            return #"{"index":{"status":\#(problem.status),"error":{"type":"\#(problem.type)","reason":"r"}}}"#
        }
        return try BulkOutcome(body: Array(#"{"items":[\#(items.joined(separator: ","))]}"#.utf8), documentCount: count)
    }

    @Test func `a request that failed is sent again when its time has come, and not before`() throws {
        var queue = BulkQueue(options)
        _ = queue.submit(bulkBody(0..<3))
        let piece = try take(&queue, now: 0)
        let early = queue.finished(piece, .failure(OpenSearchError(.unreachable, "x")), now: 0, chance: 0.5)
        #expect(early?.isComplete == nil)
        let due = try #require(queue.nextDue)
        #expect(due == 150_000_000)
        let nothing = queue.next(now: due - 1)
        #expect(nothing?.submission == nil)
        #expect(!queue.canSend(now: due - 1))
        let again = try take(&queue, now: due)
        #expect(numbers(in: again.body.bytes) == [0, 1, 2])
        let done = queue.finished(again, .success(try outcome(3)), now: due, chance: 0)
        let report = try #require(done)
        #expect(report.isComplete && report.rejections.isEmpty)
        #expect(queue.currentState.requestCounts == [0: 1, 200: 1])
        #expect(queue.currentState.documentCount == 3 && queue.currentState.pendingDocumentCount == 0)
    }

    @Test func `only the documents that were put off are sent again, and the rejected are reported`() throws {
        var queue = BulkQueue(options)
        _ = queue.submit(bulkBody(0..<5))
        let piece = try take(&queue, now: 0)
        let mixed = try outcome(5, [1: (429, ""), 2: (400, "mapper_parsing_exception"), 4: (503, "")])
        let early = queue.finished(piece, .success(mixed), now: 0, chance: 0)
        #expect(early?.isComplete == nil)
        let again = try take(&queue, now: queue.nextDue ?? 0)
        #expect(numbers(in: again.body.bytes) == [1, 4])
        let done = queue.finished(again, .success(try outcome(2)), now: 0, chance: 0)
        let report = try #require(done)
        #expect(
            report.rejections == [
                BulkReport.Rejection(
                    action: Array(#"{"index":{"_index":"things","_id":"2"}}"#.utf8),
                    source: Array(#"{"number":2,"filler":""}"#.utf8), status: 400, type: "mapper_parsing_exception",
                    reason: "r")
            ])
        #expect(queue.currentState.documentCount == 4 && queue.currentState.rejectedDocumentCount == 1)
    }

    @Test func `a body that is too large goes in two, and a document that is too large is rejected`() throws {
        var queue = BulkQueue(options)
        _ = queue.submit(bulkBody(0..<4))
        var sent: [[Int]] = []
        var report: BulkReport?
        while let piece = queue.next(now: 0) {
            sent.append(numbers(in: piece.body.bytes))
            let isTooLarge = sent.last?.contains(2) == true
            let error = OpenSearchError(.tooLarge, "node answers 413", status: 413)
            let result: Result = isTooLarge ? .failure(error) : .success(try outcome(piece.body.documentCount))
            if let last = queue.finished(piece, result, now: 0, chance: 0) { report = last }
        }
        #expect(sent.first == [0, 1, 2, 3])
        #expect(sent.contains([0, 1]) && sent.contains([3]) && sent.contains([2]))
        #expect(report?.rejections.map(\.status) == [413])
        #expect(report.map { numbers(in: $0.rejections[0].source + [10]) } == [2])
    }

    @Test func `no more is under way than allowed, and room is told of`() throws {
        var options = options
        options.requestCountMax = 2
        var queue = BulkQueue(options)
        #expect(queue.hasRoom)
        _ = queue.submit(bulkBody(0..<1))
        #expect(queue.hasRoom)
        _ = queue.submit(bulkBody(1..<2))
        #expect(!queue.hasRoom)
        _ = queue.submit(bulkBody(2..<3))
        let first = try take(&queue, now: 0)
        _ = try take(&queue, now: 0)
        #expect(!queue.canSend(now: 0))
        _ = queue.finished(first, .success(try outcome(1)), now: 0, chance: 0)
        #expect(queue.canSend(now: 0))
        _ = try take(&queue, now: 0)
        #expect(!queue.hasRoom)
    }

    @Test func `a body beyond the limit is sent in parts`() throws {
        var options = options
        options.byteCountMax = BulkPacing.byteCountMin
        var queue = BulkQueue(options)
        _ = queue.submit(bulkBody(0..<500, padding: 1000))
        var seen: [Int] = []
        var reportCount = 0
        while let piece = queue.next(now: 0) {
            #expect(piece.body.byteCount <= BulkPacing.byteCountMin)
            seen += numbers(in: piece.body.bytes)
            let count = piece.body.documentCount
            if queue.finished(piece, .success(try outcome(count)), now: 0, chance: 0) != nil { reportCount += 1 }
        }
        #expect(seen == Array(0..<500))
        #expect(reportCount == 1)
    }

    @Test func `what is stopped is reported as not complete`() throws {
        var queue = BulkQueue(options)
        let first = queue.submit(bulkBody(0..<1))
        let second = queue.submit(bulkBody(1..<2))
        _ = queue.next(now: 0)
        let reports = queue.stop()
        #expect(reports.map(\.submission) == [first, second])
        #expect(reports.allSatisfy { !$0.report.isComplete })
    }

    /// A cluster that fails in every way, in time that nobody waits for.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `whatever happens, each document is in the index or is one that cannot be`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var options = options
        options.byteCountMax = 256 << 10
        var queue = BulkQueue(options)
        var index: Set<Int> = []
        var rejected: [Int] = []
        var reportCount = 0
        var now: UInt64 = 0
        var underWay: [BulkQueue.Piece] = []
        var submitted = 0
        let cannotBe = { (number: Int) in number % 97 == 5 }
        let isTooLong = { (body: BulkBody) in body.byteCount > 60_000 }
        while reportCount < 40 {
            while submitted < 40, queue.hasRoom {
                // The last document of each body alone is more than the cluster takes.
                let start = submitted * 1000
                var body = bulkBody(start..<start + 199, padding: Int.random(in: 0..<1000, using: &generator))
                body.append(documents: [0], of: bulkBody([start + 199], padding: 60_001))
                _ = queue.submit(body)
                submitted += 1
            }
            while let piece = queue.next(now: now) { underWay.append(piece) }
            guard let place = underWay.indices.randomElement(using: &generator) else {
                now = max(now, try #require(queue.nextDue))
                continue
            }
            let piece = underWay.remove(at: place)
            let chance = Double.random(in: 0..<1, using: &generator)
            let content = numbers(in: piece.body.bytes)
            let result: Result<BulkOutcome, OpenSearchError>
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: result = .failure(OpenSearchError(.unreachable, "reset"))
            case 1:
                // Taken, but nobody hears of it.
                if !isTooLong(piece.body) { index.formUnion(content.filter { !cannotBe($0) }) }
                result = .failure(OpenSearchError(.unreachable, "cut"))
            case 2: result = .failure(OpenSearchError(.pushedBack, "429", status: 429, retryAfter: .seconds(1)))
            case 3: result = .failure(OpenSearchError(.unauthorized, "401", status: 401))
            case _ where isTooLong(piece.body):
                result = .failure(OpenSearchError(.tooLarge, "413", status: 413))
            default:
                var problems: [Int: (status: Int, type: String)] = [:]
                for (place, number) in content.enumerated() {
                    if cannotBe(number) {
                        problems[place] = (400, "mapper_parsing_exception")
                    } else if Int.random(in: 0..<20, using: &generator) == 0 {
                        problems[place] = (429, "")
                    } else {
                        index.insert(number)
                    }
                }
                result = .success(try outcome(content.count, problems))
            }
            if let report = queue.finished(piece, result, now: now, chance: chance) {
                reportCount += 1
                rejected += report.rejections.flatMap { numbers(in: $0.source + [10]) }
            }
        }
        let all = (0..<40).flatMap { ($0 * 1000)..<($0 * 1000 + 200) }
        let lost = all.filter { cannotBe($0) || $0 % 1000 == 199 }
        #expect(index == Set(all.filter { !cannotBe($0) && $0 % 1000 != 199 }))
        #expect(rejected.sorted() == lost)
        let state = queue.currentState
        #expect(state.documentCount == all.count - lost.count && state.rejectedDocumentCount == lost.count)
        #expect(state.pendingDocumentCount == 0 && state.requestsUnderWay == 0)
    }
}
