import Bytes
import Foundation
import Testing
import TraceModel
import WireFormats

/// Tags, annotations, endpoints and the text in them.
@Suite struct ZipkinJSONTagTests {
    // MARK: Tags

    @Test func `tags come out sorted by key`() throws {
        let text = try rewriteSpan(#""tags":{"b":"2","a.b":"1","a":"0","B":"3","é":"4"}"#)
        #expect(text == spanText(#""tags":{"B":"3","a":"0","a.b":"1","b":"2","é":"4"}"#))
    }

    @Test func `of equal keys the last wins`() throws {
        let text = try rewriteSpan(#""tags":{"a":"1","b":"2","a":"3"},"tags":{"b":"4"}"#)
        #expect(text == spanText(#""tags":{"a":"3","b":"4"}"#))
    }

    @Test func `of equal members the last wins`() throws {
        let text = try rewriteSpan(
            #""name":"a","name":"b","localEndpoint":{"port":1,"serviceName":"s"},"localEndpoint":{"port":2,"port":3}"#)
        #expect(text == spanText(#""name":"b","localEndpoint":{"port":3}"#))
    }

    @Test(arguments: ["1", "true", "null", "{}", "[\"a\"]", "1.5"])
    func `a tag value that is no string is refused`(value: String) {
        let error = refusal(of: bodyOfSpan(#""tags":{"http.path":\#(value)}"#))
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("tag http.path") == true)
    }

    @Test func `the tag error marks the span whatever its value`() throws {
        for value in ["true", "false", "", "timeout"] {
            let batch = try decodeZipkin(bodyOfSpan(#""tags":{"error":"\#(value)"}"#))
            #expect(SpanView(batch: batch, row: 0).traits.isError)
        }
        let batch = try decodeZipkin(
            bodyOfSpan(#""tags":{"errors":"1","Error":"1"},"annotations":[{"timestamp":1,"value":"error"}]"#))
        #expect(!SpanView(batch: batch, row: 0).traits.isError)
    }

    // MARK: Text

    @Test func `escapes are undone and written only where needed`() throws {
        let text = try rewriteSpan(
            #""tags":{"k\u0065y":"\"\\\/\b\f\n\r\t\u0000\u001F\u007f\u00e9\u2028\u2029\uD83D\uDE00"}"#)
        #expect(
            text
                == spanText(
                    "\"tags\":{\"key\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}é\\u2028\\u2029😀\"}"))
    }

    @Test(arguments: [
        (#"\ud83d"#, "\u{fffd}"), (#"\ude00"#, "\u{fffd}"), (#"\ud83dx"#, "\u{fffd}x"),
        (#"\ud83d\ud83d\ude00"#, "\u{fffd}😀"), (#"\ude00\ud83d"#, "\u{fffd}\u{fffd}"), (#"\ud83d\n"#, "\u{fffd}\\n"),
    ])
    func `half of a surrogate pair becomes the replacement character`(escaped: String, text: String) throws {
        #expect(try rewriteSpan(#""name":"\#(escaped)""#) == spanText("\"name\":\"\(text)\""))
    }

    @Test(arguments: [
        #"\x"#, #"\u12"#, #"\u12g4"#, #"\U0041"#, #"\u"#, "\u{1}", "\n", "\u{1f}aaaaaaaaaaaaaaaa",
    ])
    func `a bad escape or a control character is refused`(text: String) {
        #expect(refusal(of: bodyOfSpan("\"name\":\"\(text)\""))?.code == .malformed)
    }

    @Test(
        arguments: [
            [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xf0, 0x8f, 0xbf, 0xbf],
            [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0xe2, 0x28, 0xa1], [0xff], [0xc3],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused with their place`(bytes: [UInt8]) {
        for padding in 0..<9 {
            let head = Array((#"[{"traceId":"1","id":"1","tags":{"k":""# + String(repeating: "a", count: padding)).utf8)
            let error = refusal(of: head + bytes + Array("\"}}]".utf8))
            #expect(error?.message.hasPrefix("a string is not UTF-8") == true)
            #expect(error?.offset == head.count)
        }
    }

    @Test func `text of every length and alignment is kept`() throws {
        for length in 0..<40 {
            for special in ["", "é", "\\n", "\\u00e9", "中", "😀", "\u{7f}"] {
                let text =
                    String(repeating: "x", count: length / 2) + special
                    + String(repeating: "y", count: length - length / 2)
                let body = bodyOfSpan(#""tags":{"k":"\#(text)"}"#)
                let expected = try JSONSerialization.jsonObject(with: Data(body.utf8))
                let found = try JSONSerialization.jsonObject(with: Data(encodeZipkin(decodeZipkin(body)).utf8))
                let tags = { (list: Any) in ((list as? [[String: Any]])?.first?["tags"] as? [String: String])?["k"] }
                #expect(tags(expected) == tags(found))
                #expect(tags(found) != nil)
            }
        }
    }

    // MARK: Annotations

    @Test func `annotations are sorted by time and value and stand once`() throws {
        let members =
            #""annotations":[{"timestamp":3,"value":"c"},{"value":"b","timestamp":1},{"timestamp":3,"value":"a"},"#
            + #"{"timestamp":3,"value":"c"},{"timestamp":-2,"value":""},{"timestamp":1,"value":"b"}]"#
        #expect(
            try rewriteSpan(members)
                == spanText(
                    #""annotations":[{"timestamp":-2,"value":""},{"timestamp":1,"value":"b"},{"timestamp":3,"value":"a"},"#
                        + #"{"timestamp":3,"value":"c"}]"#))
    }

    @Test(arguments: [
        "{}", #"{"timestamp":1}"#, #"{"value":"a"}"#, "null", #"{"timestamp":null,"value":"a"}"#,
        #"{"timestamp":1,"value":null}"#, #"{"timestamp":1,"value":2}"#,
        #"{"timestamp":9223372036854775807,"value":"a"}"#,
    ])
    func `an incomplete annotation is refused`(annotation: String) {
        #expect(refusal(of: bodyOfSpan(#""annotations":[\#(annotation)]"#))?.code == .malformed)
    }

    @Test func `many annotations out of order are sorted`() throws {
        let times = (0..<5_000).map { ($0 * 7_919) % 5_003 }
        let list = times.map { #"{"timestamp":\#($0),"value":"e"}"# }.joined(separator: ",")
        let batch = try decodeZipkin(bodyOfSpan(#""annotations":[\#(list)]"#))
        var found: [Int64] = []
        SpanView(batch: batch, row: 0).forEachEvent { _, time, _ in found.append(time / 1_000) }
        #expect(found == Set(times).sorted().map(Int64.init))
    }

    // MARK: Endpoints

    @Test(arguments: [
        ("10.0.0.1", #""ipv4":"10.0.0.1""#), ("255.255.255.255", #""ipv4":"255.255.255.255""#),
        ("::ffff:1.2.3.4", #""ipv4":"1.2.3.4""#), ("::FFFF:1.2.3.4", #""ipv4":"1.2.3.4""#),
        ("::1.2.3.4", #""ipv4":"1.2.3.4""#), ("2001:DB8::C001", #""ipv6":"2001:db8::c001""#),
        ("2001:0db8:0000:0000:0000:0000:0000:c001", #""ipv6":"2001:db8::c001""#), ("::", #""ipv6":"::""#),
        ("::1", #""ipv6":"::1""#), ("fe80::", #""ipv6":"fe80::""#), ("1:0:0:2:0:0:0:3", #""ipv6":"1:0:0:2::3""#),
        ("::ffff:102:304", #""ipv6":"::ffff:102:304""#), ("1:2:3:4:5:6:7:8", #""ipv6":"1:2:3:4:5:6:7:8""#),
        ("1:2:3:4:5:6:7::", #""ipv6":"1:2:3:4:5:6:7::""#), ("1:0:2:3:4:0:0:0", #""ipv6":"1::2:3:4:0:0:0""#),
        ("0:0:1:0:0:0:0:0", #""ipv6":"::1:0:0:0:0:0""#),
    ])
    func `an address is known by its form and printed as Zipkin prints it`(text: String, member: String) throws {
        for field in ["ipv4", "ipv6"] {
            #expect(
                try rewriteSpan(#""remoteEndpoint":{"\#(field)":"\#(text)"}"#)
                    == spanText(#""remoteEndpoint":{\#(member)}"#))
        }
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:80", "1..2.3", ".1.2.3", "1.2.3.", "0001.2.3.4",
        ":",
        ":1", "1:", "1:2", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "12345::", "::1%eth0", "fe80::1%1",
        "[::1]",
        "1:2:3:4:5:6:1.2.3.4", "::ffff:1.2.3", "::1.2.3.4:5", "::1:2:3:4:5:6:7:8", "g::1", "1:2:3:4:5:6:7:8::",
        "::fffe:1.2.3.4",
    ])
    func `an address that is none is dropped`(text: String) throws {
        #expect(
            try rewriteSpan(#""localEndpoint":{"serviceName":"a","ipv4":"\#(text)"}"#)
                == spanText(#""localEndpoint":{"serviceName":"a"}"#))
    }

    @Test func `a port of zero or less is absent and one over 65535 is refused`() throws {
        #expect(try rewriteSpan(#""localEndpoint":{"port":0},"remoteEndpoint":{"port":-1}"#) == spanText(""))
        #expect(try rewriteSpan(#""localEndpoint":{"port":65535}"#) == spanText(#""localEndpoint":{"port":65535}"#))
        #expect(
            refusal(of: bodyOfSpan(#""localEndpoint":{"port":65536}"#))?.message.hasPrefix("invalid port 65536") == true
        )
        #expect(refusal(of: bodyOfSpan(#""localEndpoint":{"port":1.5}"#)) != nil)
    }

    @Test func `the order of members makes no other shape`() throws {
        let a =
            #"{"traceId":"1","id":"1","tags":{"a":"1","b":"2"},"localEndpoint":{"port":1,"ipv4":"1.2.3.4","serviceName":"s"},"#
            + #""remoteEndpoint":{"serviceName":"r"},"annotations":[{"timestamp":1,"value":"x"},{"timestamp":2,"value":"y"}]}"#
        let b =
            #"{"annotations":[{"value":"y","timestamp":2},{"timestamp":1,"value":"x"}],"remoteEndpoint":{"serviceName":"r"},"#
            + #""localEndpoint":{"serviceName":"s","ipv4":"1.2.3.4","port":1},"tags":{"b":"3","a":"4"},"id":"2","traceId":"1"}"#
        let batch = try decodeZipkin("[\(a),\(b)]")
        #expect(batch.spanCount == 2)
        #expect(batch.shapeCount == 1)
    }
}
