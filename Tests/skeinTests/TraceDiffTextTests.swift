import Foundation
import HTTPAPI
import Releases
import Testing
import TraceModel

@testable import skein

@Suite struct TraceDiffTextTests {
    private static let report = """
        {"a":{"traceID":"000000000000000a","spanID":"0000000000000001","service":"front","operation":"get /",
        "startTimeUnixNano":"1","durationNanos":40000000,"spanCount":3,"errorCount":0,"isCut":false,
        "criticalPath":{"durationNanos":40000000,"services":[
          {"service":"front","durationNanos":30000000,"callNanos":0,"share":0.75},
          {"service":"reviews","durationNanos":10000000,"callNanos":0,"share":0.25}],"steps":[]}},
        "b":{"traceID":"000000000000000b","spanID":"0000000000000011","service":"front","operation":"get /",
        "startTimeUnixNano":"2","durationNanos":100000000,"spanCount":4,"errorCount":1,"isCut":true,
        "criticalPath":{"durationNanos":100000000,"services":[
          {"service":"front","durationNanos":100000000,"callNanos":0,"share":1}],"steps":[]}},
        "summary":{"matchedCount":2,"addedCount":1,"missingCount":0,"slowerCount":1,"fasterCount":0,"statusCount":1,
        "versionCount":1,"attributesCount":0},
        "words":["b took 100 ms, a 40 ms: 60 ms longer"],"contributions":[],"leftOutCount":7,
        "rows":[
        {"depth":0,"match":"matched","service":"front","operation":"get /","kind":"call","changes":["slower"],
         "attributes":[],"a":{"spanID":"01","startNanos":0,"durationNanos":40000000,"selfNanos":1,"criticalNanos":3,"operation":"get /",
         "version":"","status":"200","isError":false},
         "b":{"spanID":"11","startNanos":0,"durationNanos":100000000,"selfNanos":1,"criticalNanos":3,"operation":"get /",
         "version":"","status":"200","isError":false}},
        {"depth":1,"match":"matched","service":"reviews","operation":"get","kind":"call","changes":["status","version"],
         "attributes":[{"key":"feature","b":"on"}],
         "a":{"spanID":"02","startNanos":0,"durationNanos":10000000,"selfNanos":1,"criticalNanos":3,"operation":"get",
         "version":"v1","status":"200","isError":false},
         "b":{"spanID":"12","startNanos":0,"selfNanos":1,"criticalNanos":0,"operation":"get",
         "version":"v2","status":"503","isError":true}},
        {"depth":1,"match":"matched","service":"same","operation":"get","kind":"call","changes":[],"attributes":[]},
        {"depth":2,"match":"added","service":"ratings","operation":"find","kind":"database","changes":[],"attributes":[],
         "b":{"spanID":"13","startNanos":0,"durationNanos":5000,"selfNanos":1,"criticalNanos":0,"operation":"find",
         "version":"","status":"ok","isError":false}},
        {"depth":1,"match":"matched","service":"last","operation":"get","kind":"call","changes":[],"attributes":[]}]}
        """

    private func lines(hasChangesOnly: Bool = false) throws -> [String] {
        var text = TraceDiffText(
            try JSONDecoder().decode(TraceDiffReport.self, from: Data(Self.report.utf8)))
        text.hasChangesOnly = hasChangesOnly
        return text.lines()
    }

    @Test func `an answer with figures that cannot be is told without harm`() throws {
        let report = Self.report.replacing("\"depth\":1", with: "\"depth\":-1")
            .replacing("\"durationNanos\":100000000", with: "\"durationNanos\":\(Int64.max)")
            .replacing("\"durationNanos\":40000000", with: "\"durationNanos\":\(Int64.min)")
        let text = TraceDiffText(try JSONDecoder().decode(TraceDiffReport.self, from: Data(report.utf8)))
        #expect(text.lines().contains { $0.hasPrefix("! front: get /") && !$0.contains("+") })
        #expect(text.lines().contains { $0.hasPrefix("! reviews: get") })
    }

    @Test func `two traces are told as one tree, with both times of each call`() throws {
        let expected = [
            "a  trace 000000000000000a:0000000000000001  40 ms, 3 spans, 0 errors",
            "b  trace 000000000000000b:0000000000000011  100 ms, 4 spans, 1 error, of the first spans only",
            "   calls: 2 matched, 1 added, 1 slower, 1 with another status, 1 of another version",
            "",
            "b took 100 ms, a 40 ms: 60 ms longer",
            "",
            "  call                   a        b",
            "! front: get /       40 ms*  100 ms*  +60 ms",
            "!   reviews: get     10 ms*       -   200 -> 503, v1 -> v2, feature: (none) -> on",
            "    same: get",
            "+     ratings: find            5 us   database",
            "    last: get",
            "  7 more calls left out",
            "",
            "critical path             a               b",
            "front          30 ms (75 %)  100 ms (100 %)",
            "reviews        10 ms (25 %)",
        ]
        let lines = try lines()
        #expect(lines == expected, "\(lines.joined(separator: "\n"))")
    }

    @Test func `calls that are the same are left out, but for those above a change`() throws {
        let lines = try lines(hasChangesOnly: true)
        #expect(lines.contains { $0.contains("same: get") } && !lines.contains { $0.contains("last: get") })
    }

    @Test(arguments: [
        ["trace", "diff", "a"], ["trace", "diff", "a", "x"], ["trace", "diff", "a:", "b"],
        ["trace", "diff", "a:1", "b:y"],
        ["trace", "diff", "a", "b", "--limit", "-1"], ["trace", "diff", "a", "b", "--limit", "10001"],
    ])
    func `wrong usage ends with 2`(arguments: [String]) {
        #expect(Skein.run(arguments) == 2)
    }

    @Test func `a span is named behind its trace`() throws {
        let part = try TraceCommand.Diff.part("0A:2")
        #expect(part.traceID == TraceID(high: 0, low: 10) && part.spanID == SpanID(2))
        #expect(try TraceCommand.Diff.part("a").spanID == nil)
    }
}
