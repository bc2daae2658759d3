import OpenSearch
import OpenSearchStore
import TestSupport
import Testing
import Topology
import TraceModel
import TraceStore

/// Whatever a cluster answers, a question ends with an answer or with an error in words.
@Suite struct ClusterAnswerMutationTests {
    private static let spans = """
        {"took":1,"timed_out":false,"fields":{},"_shards":{"total":5,"failed":0},"hits":{"total":{"value":1},"hits":[
        {"_index":"i","_id":"d","_source":{"traceID":"000000000000000000000000000000ab","spanID":"0000000000000001",
        "operationName":"get","references":[],"startTime":1699999999000000,"duration":5,"tags":[
        {"key":"k","type":"int64","value":"7"}],"logs":[{"timestamp":1699999999000001,"fields":[]}],
        "process":{"serviceName":"front","tags":[]}},"sort":[1,"a","b"]}]},"aggregations":{
        "traces":{"sum_other_doc_count":3,"buckets":[{"key":"000000000000000000000000000000ab","doc_count":1,
        "start":{"value":1.699999999E15}}]},
        "values":{"after_key":{"value":"front"},"buckets":[{"key":{"value":"front"},"doc_count":1,
        "counts":{"buckets":[{"doc_count":1},{"doc_count":2},{"doc_count":3}]}}]},
        "first":{"value":1.6E15},"last":{"value":1.7E15},"longest":{"value":5.0},
        "list":{"keys":{"sum_other_doc_count":0,"buckets":[{"key":"k","doc_count":2,"values":{"value":2},
        "others":{"doc_count":0},"long":{"doc_count":0}}]},"key":{"doc_count":7,"types":{"buckets":[{"key":"int64",
        "values":{"sum_other_doc_count":0,"buckets":[{"key":"7","doc_count":3},{"key":"8","doc_count":4}]}}]}}},
        "field":{"sum_other_doc_count":0,"buckets":[{"key":"v","doc_count":1}]},
        "counts":{"buckets":[{"doc_count":1},{"doc_count":2}]}}}
        """
    private static let calls = """
        {"took":1,"timed_out":false,"_shards":{"total":5,"failed":0},"hits":{"hits":[{"_index":"i","_id":"d","_source":{
        "timestamp":1700000000000,"dependencies":[{"parent":"a","child":"b","callCount":5,"errorCount":1},
        {"parent":"a","child":"b","callCount":7,"errorCount":2},{"parent":"c","child":"b","callCount":3}]},
        "sort":[1700000000000]}]}}
        """
    private static let window: Range<Int64> = 1_600_000_000_000_000_000..<1_700_000_000_000_000_000

    private func store(_ answer: [UInt8]) -> OpenSearchTraceStore {
        let cluster = Cluster(timeout: .seconds(5)) { (_, _) throws(OpenSearchError) in answer }
        return OpenSearchTraceStore(cluster, OpenSearchTraceStore.Options())
    }

    private func query(_ rules: TraceQuery.Rules) -> TraceQuery {
        var query = TraceQuery(
            rules: rules, startMin: Self.window.lowerBound, startMax: Self.window.upperBound, limit: 5)
        query.serviceName = "front"
        return query
    }

    /// Everything that is asked of documents of spans, by name.
    private var questions: [(name: String, ask: (OpenSearchTraceStore) throws -> Void)] {
        let work = QueryWork(deadline: .now + .seconds(60))
        let closed = Self.window.lowerBound...Self.window.upperBound
        return [
            ("a trace", { _ = try $0.openTrace(TraceID(high: 0, low: 0xab), work) }),
            ("traces by one span", { [self] in _ = try $0.find(query(.oneSpan), work) { _ in } }),
            ("traces by any spans", { [self] in _ = try $0.find(query(.anySpans), work) { _ in } }),
            (
                "spans",
                {
                    let query = SpanQuery(serviceName: "front", window: Self.window, limit: 5)
                    _ = try $0.forEachSpan(query, work) { _ in }
                }
            ),
            ("services", { _ = try $0.serviceNames() }),
            ("operations", { _ = try $0.operations(ofService: "front") }),
            ("remote services", { _ = try $0.remoteServiceNames(ofService: "front") }),
            ("the time", { _ = try $0.timeRange() }),
            ("keys", { _ = try $0.attributeKeys(within: closed, limit: 5, work) }),
            ("values", { _ = try $0.attributeValues(scope: .span, key: "k", within: closed, limit: 5, work) }),
            ("keys with few values", { _ = try $0.attributeKeysWithFewValues(within: closed, work) }),
        ]
    }

    private var questionsOfCalls: [(name: String, ask: (OpenSearchTraceStore) throws -> Void)] {
        let work = QueryWork(deadline: .now + .seconds(60))
        return [
            (
                "dependencies",
                { _ = try $0.dependencies(within: Self.window.lowerBound...Self.window.upperBound, work) }
            ),
            ("the topology", { _ = try $0.topology(TopologyQuery(window: Self.window)) }),
        ]
    }

    @Test func `what is asked here is found in an answer that is whole`() throws {
        for (name, ask) in questions {
            #expect(throws: Never.self, "\(name)") { try ask(store(Array(Self.spans.utf8))) }
        }
        for (name, ask) in questionsOfCalls {
            #expect(throws: Never.self, "\(name)") { try ask(store(Array(Self.calls.utf8))) }
        }
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "1e300", "-1e300", "9.3e18", "-1", "0.5", "null"])
    func `each number may be any other`(number: String) throws {
        for (text, questions) in [(Self.spans, questions), (Self.calls, questionsOfCalls)] {
            for place in Self.numbers(of: text) {
                var answer = text
                answer.replaceSubrange(place, with: number)
                ask(questions, Array(answer.utf8))
            }
            var all = text
            for place in Self.numbers(of: text).reversed() { all.replaceSubrange(place, with: number) }
            ask(questions, Array(all.utf8))
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>) func `an answer may be any bytes`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for (text, questions) in [(Self.spans, questions), (Self.calls, questionsOfCalls)] {
            var answer = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<answer.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: answer[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: answer.removeSubrange(place..<min(place + 12, answer.count))
                case 2: answer.insert(contentsOf: answer[place..<min(place + 40, answer.count)], at: place)
                default: answer[place] = Array("0123456789-\"{}[],:ne".utf8).randomElement(using: &generator) ?? 0
                }
            }
            ask(questions, answer)
        }
    }

    /// Each ends, and with nothing but errors of the store.
    private func ask(
        _ questions: [(name: String, ask: (OpenSearchTraceStore) throws -> Void)], _ answer: [UInt8]
    ) {
        for (name, ask) in questions {
            do {
                try ask(store(answer))
            } catch let error as StoreError {
                #expect(!error.message.isEmpty, "\(name)")
            } catch {
                Issue.record(error, "\(name): \(String(decoding: answer, as: UTF8.self))")
            }
        }
    }

    /// Places of the numbers that are no texts, ascending.
    private static func numbers(of text: String) -> [Range<String.Index>] {
        text.matches(of: /[:\[](-?[0-9][0-9.E+]*)/).map(\.output.1).map { $0.startIndex..<$0.endIndex }
    }
}
