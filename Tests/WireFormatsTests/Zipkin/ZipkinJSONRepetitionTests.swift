import TestSupport
import Testing
import TraceModel
import WireFormats

/// What a body says again is read in a shorter way; it must mean the same.
@Suite struct ZipkinJSONRepetitionTests {
    private static let keys: [String] =
        [
            "a", "error", "http.url", "istio.canonical_service", "istio.canonical_revision", "sevenby", "eightbyt",
            String(repeating: "k", count: 31), String(repeating: "k", count: 32), String(repeating: "k", count: 33),
            "é", "with \\\"quotes\\\"", "tab\\t", "",
        ] + (0..<60).map { "numbered.\($0)" }

    private static let values: [String] = [
        "", "a", "ab", "value", "a\\\\", "a\\\"", "\\u0061", "ümlaut", "\\ud83d\\ude00", "x\\/y",
        "a long one of more than thirty-two bytes", "a long one of more than thirty-two byteS",
        "a long one of more than thirty-two bytes and then some more, so that it takes three windows or four",
    ]

    private static func text(_ random: inout SeededGenerator) -> String {
        let space = ["", "", "", "", " "].randomElement(using: &random) ?? ""
        let traceID =
            ["a1", "00000000000000a1", "000000000000000000000000000000a1"].randomElement(using: &random) ?? ""
        var members = [
            #""traceId":"\#(traceID)""#,
            #""id":"\#(["b2", "00000000000000b2"].randomElement(using: &random) ?? "")""#,
        ]
        if Bool.random(using: &random) {
            members.append(#""name":\#(space)"\#(values.randomElement(using: &random) ?? "")""#)
        }
        if Bool.random(using: &random) {
            members.append(#""timestamp":\#(Int.random(in: 0...99_999_999_999, using: &random))"#)
        }
        if Bool.random(using: &random) { members.append(#""traceI":"x","traceIds":"x","tag":{},"tagss":{},"ids":1"#) }
        for end in ["localEndpoint", "remoteEndpoint"] where Bool.random(using: &random) {
            var parts = [#""serviceName":"\#(["one", "Two", "three\\n", ""].randomElement(using: &random) ?? "")""#]
            if Bool.random(using: &random) {
                parts.append(#""ipv4":"10.0.0.\#(Int.random(in: 1...2, using: &random))""#)
            }
            if Bool.random(using: &random) { parts.append(#""port":\#(Int.random(in: 0...2, using: &random))"#) }
            members.append(#""\#(end)":\#(space){\#(parts.shuffled(using: &random).joined(separator: ","))}"#)
        }
        if Bool.random(using: &random) {
            let name = values.randomElement(using: &random) ?? ""
            members.append(
                #""annotations":[{"timestamp":\#(Int.random(in: 0...3, using: &random)),"value":"\#(name)"}]"#)
        }
        let tags = (0..<Int.random(in: 0...30, using: &random)).map { _ in
            let key = keys.randomElement(using: &random) ?? ""
            let value =
                Int.random(in: 0..<5, using: &random) == 0
                ? "\(Int.random(in: 0...99, using: &random))" : values.randomElement(using: &random) ?? ""
            return #"\#(space)"\#(key)"\#(space):\#(space)"\#(value)"\#(space)"#
        }
        members.append(#""tags":{\#(tags.joined(separator: ","))}"#)
        return "{\(members.shuffled(using: &random).joined(separator: ","))}"
    }

    @Test(arguments: [1, 2, 3, UInt64.random(in: 4...UInt64.max)])
    func `spans among others are what they are alone`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for limits in [SpanLimits(), SpanLimits(valueByteCountMax: 40), SpanLimits(valueByteCountMax: 5)] {
            for _ in 0..<20 {
                let texts = (0..<40).map { _ in Self.text(&random) }
                let together = encodeZipkin(try decodeZipkin("[\(texts.joined(separator: ","))]", limits: limits))
                let alone = try texts.map { encodeZipkin(try decodeZipkin("[\($0)]", limits: limits)) }
                let joined = "[" + alone.map { String($0.dropFirst().dropLast()) }.joined(separator: ",") + "]"
                #expect(together == joined, "seed \(seed)")
            }
        }
    }

    @Test func `a string that ends in a backslash is not taken for one that goes on`() throws {
        let span = #"{"traceId":"a1","id":"b2","tags":{"key":"a\\"}}"#
        let other = #"{"traceId":"a1","id":"b2","tags":{"key":"a\",\"x\":\"y"}}"#
        let padding = #"{"traceId":"a1","id":"b2","tags":{"padding":"so that a window may be read before the end"}}"#
        let text = encodeZipkin(try decodeZipkin("[\(span),\(other),\(padding)]"))
        #expect(text.contains(#"{"key":"a\\"}"#) && text.contains(#"{"key":"a\",\"x\":\"y"}"#))
    }

    @Test func `tags count against their limit however they are read`() throws {
        let tags = (0..<30).map { #""key\#($0 % 10)":"value""# }.joined(separator: ",")
        let span = #"{"traceId":"a1","id":"b2","tags":{\#(tags)}}"#
        var limits = SpanLimits(attributeCountMax: 30)
        #expect(refusal(of: "[\(span),\(span)]", limits: limits) == nil)
        limits.attributeCountMax = 29
        #expect(refusal(of: "[\(span)]", limits: limits)?.code == .tooManyAttributes)
    }
}
