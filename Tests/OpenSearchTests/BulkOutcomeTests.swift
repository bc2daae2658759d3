import Testing

@testable import OpenSearch

@Suite struct BulkOutcomeTests {
    private func outcome(_ text: String, count: Int) throws(OpenSearchError) -> BulkOutcome {
        try BulkOutcome(body: Array(text.utf8), documentCount: count)
    }

    @Test func `documents that are done are no problem, and those that were there before`() throws {
        let text = """
            {"took":3,"errors":true,"items":[{"index":{"_id":"a","status":201}},{"index":{"status":200}},
            {"create":{"error":{"type":"version_conflict_engine_exception","reason":"exists"},"status":409}}]}
            """
        #expect(try outcome(text, count: 3).problems.isEmpty)
    }

    @Test(arguments: [
        (429, "es_rejected_execution_exception"), (503, "unavailable_shards_exception"), (500, "x"), (408, "x"),
        (401, "security_exception"), (403, "security_exception"), (404, "index_not_found_exception"),
        (400, "validation_exception"), (0, ""),
    ])
    func `what the cluster may take later is sent again`(status: Int, type: String) throws {
        let failed = #"{"index":{"error":{"type":"\#(type)","reason":"r"},"status":\#(status)}}"#
        let text = #"{"items":[{"index":{"status":201}},\#(failed)]}"#
        let problems = try outcome(text, count: 2).problems
        let reason = type.isEmpty ? "r" : type + ": r"
        #expect(problems == [.init(document: 1, verdict: .again(status: status, reason: reason))])
    }

    @Test(arguments: [(400, "mapper_parsing_exception"), (409, "version_conflict_engine_exception"), (413, "")])
    func `what the cluster will never take is rejected with the reason`(status: Int, type: String) throws {
        let text = """
            {"items":[{"index":{"status":\(status),"error":{"type":"\(type)","reason":"no \\"x\\"","index":"i",
            "caused_by":{"type":"t","reason":"deeper","caused_by":{"type":"u","reason":"deepest"}}}}}]}
            """
        let problems = try outcome(text, count: 1).problems
        #expect(
            problems == [
                .init(document: 0, verdict: .rejected(status: status, type: type, reason: "no \"x\" (deeper)"))
            ])
    }

    @Test func `an answer cut anywhere, or of another count, is not understood`() throws {
        let text = #"{"errors":true,"items":[{"index":{"status":201}},{"index":{"error":{"type":"t"},"status":400}}]}"#
        for length in 0..<text.utf8.count {
            let error = #expect(throws: OpenSearchError.self) {
                try BulkOutcome(body: Array(text.utf8.prefix(length)), documentCount: 2)
            }
            #expect(error?.code == .badAnswer)
        }
        for count in [0, 1, 3] { #expect(throws: OpenSearchError.self) { try outcome(text, count: count) } }
        for other in ["<html>", "[]", "{}", "null", text + "x", #"{"items":[1]}"#, #"{"items":{}}"#] {
            #expect(throws: OpenSearchError.self) { try outcome(other, count: 2) }
        }
    }

    @Test(arguments: [
        (#"{"error":{"root_cause":[{"type":"a"}],"type":"t","reason":"r"},"status":400}"#, "t", "r"),
        (#"{"status":404,"error":"alias missing"}"#, "", "alias missing"), (#"{"error":null}"#, "", ""),
        ("Unauthorized", "", ""), (#"{"error":{"type":5,"reason":["x"]}}"#, "", ""), ("", "", ""), ("[1]", "", ""),
        (#"{"error":{"type":"t","reason":"r""#, "t", "r"),
    ])
    func `the reason of an error is found where there is one`(body: String, type: String, reason: String) {
        let answer = ErrorAnswer(body: Array(body.utf8))
        #expect(answer.type == type)
        #expect(answer.reason == reason)
    }
}
