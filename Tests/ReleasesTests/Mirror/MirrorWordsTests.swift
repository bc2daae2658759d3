import Foundation
import Releases
import Testing

@Suite struct MirrorWordsTests {
    private func lines(_ json: String) throws -> [String] {
        try JSONDecoder().decode(ComparisonReport.Mirror.self, from: Data(json.utf8)).lines
    }

    @Test func `copies are told of beside their requests`() throws {
        let lines = try lines(
            """
            {"pairCount":30,"unpairedCount":2,"agreeingCount":27,"disagreements":[
            {"base":"200","candidate":"503","count":3,"traceIDs":["0a","0b"]}],
            "durationDifference":{"p50":-2000000,"low":-3000000,"high":-1000000},
            "repeatedCalls":[{"service":"db","operation":"insert","kind":"database","perRequest":1,"words":"words"}],
            "notes":["a note"]}
            """)
        #expect(
            lines == [
                "copies: 27 of 30 ended as their requests did, 2 have no request beside them",
                "  200 and the copy 503: 3, such as 0a",
                "  copies took 2 ms less in the median (-3 ms to -1 ms)", "  words", "  a note",
            ])
    }

    @Test func `without pairs there are the notes alone`() throws {
        let lines = try lines(
            """
            {"pairCount":0,"unpairedCount":0,"agreeingCount":0,"disagreements":[],"repeatedCalls":[],"notes":["why"]}
            """)
        #expect(lines == ["why"])
    }
}
