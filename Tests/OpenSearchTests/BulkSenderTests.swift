import Foundation
import Logging
import OpenSearch
import Synchronization
import TestSupport
import Testing

@Suite struct BulkSenderTests {
    private func run(
        _ server: LoopbackServer, requestCountMax: Int = 3, _ test: (BulkSender) throws -> Void
    ) throws {
        var cluster = OpenSearchOptions(urls: [server.url])
        cluster.compresses = false
        let client = try OpenSearchClient(cluster, logger: quietLogger())
        var options = BulkOptions()
        options.requestCountMax = requestCountMax
        options.backoffMin = .milliseconds(1)
        options.backoffMax = .milliseconds(20)
        let sender = try BulkSender(client: client, options: options, logger: quietLogger())
        defer {
            sender.stop()
            client.shutDown()
        }
        try test(sender)
    }

    /// An index that takes what is not refused.
    private final class Index: Sendable {
        let numbers = Mutex<[Int]>([])

        func take(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
            let found = OpenSearchTests.numbers(in: request.body)
            numbers.withLock { $0 += found }
            return .init(200, bulkAnswer(found.count))
        }
    }

    @Test func `whatever a cluster answers, everything is in the index in the end`() throws {
        let index = Index()
        let server = try LoopbackServer { request in
            switch request.number % 8 {
            case 0: return .init(429)
            case 1: return .init(503, headers: [("Retry-After", "0")])
            case 2:
                var answer = LoopbackServer.Answer(200, bulkAnswer(1000))
                answer.isCutShort = true
                return answer
            case 3: return .init(401)
            case 4: return .init(200, "<html>hello</html>")
            case 5: return .init(200, bulkAnswer(numbers(in: request.body).count, status: 429))
            default: return index.take(request)
            }
        }
        try run(server) { sender in
            let reports = Results<Bool>()
            for part in 0..<20 {
                #expect(sender.waitForRoom())
                sender.submit(bulkBody(part * 10..<part * 10 + 10)) { report in
                    reports.add(report.isComplete && report.rejections.isEmpty)
                }
            }
            #expect(reports.wait(for: 20) == Array(repeating: true, count: 20))
            #expect(sender.waitUntilIdle(timeout: .seconds(60)))
            #expect(index.numbers.withLock { $0.sorted() } == Array(0..<200))
            let state = sender.state
            #expect(state.documentCount == 200 && state.pendingDocumentCount == 0 && state.requestsUnderWay == 0)
            #expect(Set(state.requestCounts.keys).isSuperset(of: [0, 200, 401, 429, 503]))
        }
    }

    @Test func `the state says in words what is wrong, and since when`() throws {
        let isWell = Atomic(false)
        let index = Index()
        let server = try LoopbackServer { request in
            isWell.load(ordering: .relaxed) ? index.take(request) : .init(401)
        }
        try run(server) { sender in
            #expect(sender.state.problem == nil)
            let before = Int64(Date().timeIntervalSince1970 * 1e9)
            sender.submit(bulkBody(0..<1)) { _ in }
            while sender.state.requestCounts[401, default: 0] < 3 { usleep(1000) }
            let problem = try #require(sender.state.problem)
            #expect(problem.summary == "OpenSearch answers 401")
            #expect(problem.description.contains(" since ") && problem.description.hasSuffix(" UTC"))
            #expect(problem.detail.contains(server.url))
            #expect(problem.since >= before - 1_000_000_000)
            isWell.store(true, ordering: .relaxed)
            #expect(sender.waitUntilIdle(timeout: .seconds(60)))
            #expect(sender.state.problem == nil)
        }
    }

    @Test func `a caller that reads ahead is held back, and let go when the sender is stopped`() throws {
        let gate = Results<Void>()
        let server = try LoopbackServer { _ in
            _ = gate.wait(for: 1)
            return .init(200, bulkAnswer(1))
        }
        try run(server, requestCountMax: 2) { sender in
            let reports = Results<Bool>()
            for number in 0..<2 {
                #expect(sender.hasRoom)
                sender.submit(bulkBody(number..<number + 1)) { reports.add($0.isComplete) }
            }
            #expect(!sender.hasRoom)
            let waiting = BackgroundThread { sender.waitForRoom() }
            sender.stop()
            #expect(!waiting.join())
            #expect(reports.wait(for: 2) == [false, false])
            sender.submit(bulkBody(5..<6)) { reports.add($0.isComplete) }
            #expect(reports.wait(for: 3) == [false, false, false])
            gate.add(())
        }
    }

    @Test func `a body without documents is done at once`() throws {
        let server = try LoopbackServer { _ in .init(500) }
        try run(server) { sender in
            let reports = Results<Bool>()
            sender.submit(bulkBody(0..<0)) { reports.add($0.isComplete) }
            #expect(reports.wait(for: 1) == [true])
            #expect(server.requests.isEmpty)
        }
    }
}
