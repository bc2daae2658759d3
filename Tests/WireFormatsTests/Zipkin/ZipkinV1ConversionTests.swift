import Testing
import WireFormats

/// What spans of version 1 become, by the annotations that they have.
@Suite struct ZipkinV1ConversionTests {
    private static let front = #"{"serviceName":"frontend","ipv4":"10.0.0.1"}"#
    private static let back = #"{"serviceName":"backend","ipv4":"10.0.0.2","port":8080}"#
    private static let broker = #"{"serviceName":"kafka"}"#

    private static func annotation(_ time: Int, _ value: String, _ endpoint: String) -> String {
        #"{"timestamp":\#(time),"value":"\#(value)","endpoint":\#(endpoint)}"#
    }

    private static func address(_ key: String, _ endpoint: String, value: String = "true") -> String {
        #"{"key":"\#(key)","value":\#(value),"endpoint":\#(endpoint)}"#
    }

    private static func tag(_ key: String, _ value: String, _ endpoint: String) -> String {
        #"{"key":"\#(key)","value":"\#(value)","endpoint":\#(endpoint)}"#
    }

    /// A span of version 1, and the members of the spans that it becomes.
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var members = ""
        var annotations: [String] = []
        var binaryAnnotations: [String] = []
        var spans: [String]

        init(
            _ description: String, _ members: String = "", annotations: [String] = [], binary: [String] = [],
            become spans: [String]
        ) {
            testDescription = description
            self.members = members
            self.annotations = annotations
            binaryAnnotations = binary
            self.spans = spans
        }
    }

    private static let calls: [Case] = [
        Case(
            "client", #""timestamp":10,"duration":5"#,
            annotations: [annotation(10, "cs", front), annotation(15, "cr", front)],
            binary: [address("sa", back), tag("http.path", "/api", front)],
            become: [
                #""kind":"CLIENT","timestamp":10,"duration":5,"localEndpoint":\#(front),"remoteEndpoint":\#(back),"#
                    + #""tags":{"http.path":"/api"}"#
            ]),
        Case(
            "client whose times are only in its annotations",
            annotations: [annotation(10, "cs", front), annotation(15, "cr", front)],
            become: [#""kind":"CLIENT","timestamp":10,"duration":5,"localEndpoint":\#(front)"#]),
        Case(
            "client not finished", #""timestamp":10"#, annotations: [annotation(10, "cs", front)],
            become: [#""kind":"CLIENT","timestamp":10,"localEndpoint":\#(front)"#]),
        Case(
            "client whose start is missing but follows from its end", #""timestamp":10,"duration":5"#,
            annotations: [annotation(15, "cr", front)],
            become: [#""kind":"CLIENT","timestamp":10,"duration":5,"localEndpoint":\#(front)"#]),
        Case(
            "client of which only the end is known", annotations: [annotation(15, "cr", front)],
            become: [
                #""kind":"CLIENT","localEndpoint":\#(front),"annotations":[{"timestamp":15,"value":"cr"}]"#
            ]),
        Case(
            "server without timestamp: shared", annotations: [annotation(11, "sr", back), annotation(14, "ss", back)],
            binary: [address("ca", front)],
            become: [
                #""kind":"SERVER","timestamp":11,"duration":3,"localEndpoint":\#(back),"remoteEndpoint":\#(front),"#
                    + #""shared":true"#
            ]),
        Case(
            "server with timestamp and duration: not shared", #""timestamp":11,"duration":3"#,
            annotations: [annotation(11, "sr", back), annotation(14, "ss", back)],
            become: [#""kind":"SERVER","timestamp":11,"duration":3,"localEndpoint":\#(back)"#]),
        Case(
            "server with timestamp but no duration: shared", #""timestamp":10"#,
            annotations: [annotation(11, "sr", back), annotation(14, "ss", back)],
            become: [#""kind":"SERVER","timestamp":11,"duration":3,"localEndpoint":\#(back),"shared":true"#]),
        Case(
            "server not finished", #""timestamp":11"#, annotations: [annotation(11, "sr", back)],
            become: [#""kind":"SERVER","timestamp":11,"localEndpoint":\#(back)"#]),
        Case(
            "server whose client's address has its own name",
            annotations: [annotation(11, "sr", back), annotation(14, "ss", back)],
            binary: [address("ca", #"{"serviceName":"backend","ipv4":"10.0.0.9"}"#)],
            become: [
                #""kind":"SERVER","timestamp":11,"duration":3,"localEndpoint":\#(back),"#
                    + #""remoteEndpoint":{"ipv4":"10.0.0.9"},"shared":true"#
            ]),
        Case(
            "both sides", #""timestamp":10,"duration":5"#,
            annotations: [
                annotation(10, "cs", front), annotation(11, "sr", back), annotation(12, "work", back),
                annotation(14, "ss", back), annotation(15, "cr", front),
            ], binary: [address("sa", back), address("ca", front), tag("error", "no", back), tag("path", "/", front)],
            become: [
                #""kind":"CLIENT","timestamp":10,"duration":5,"localEndpoint":\#(front),"remoteEndpoint":\#(back),"#
                    + #""tags":{"path":"/"}"#,
                #""kind":"SERVER","timestamp":11,"duration":3,"localEndpoint":\#(back),"remoteEndpoint":\#(front),"#
                    + #""annotations":[{"timestamp":12,"value":"work"}],"tags":{"error":"no"},"shared":true"#,
            ]),
        Case(
            "a service that calls itself",
            annotations: [
                annotation(10, "cs", front), annotation(11, "sr", front), annotation(14, "ss", front),
                annotation(15, "cr", front),
            ],
            become: [
                #""kind":"CLIENT","timestamp":10,"duration":5,"localEndpoint":\#(front)"#,
                #""kind":"SERVER","timestamp":11,"duration":3,"localEndpoint":\#(front),"shared":true"#,
            ]),
        Case(
            "a call without an answer", #""timestamp":10"#,
            annotations: [annotation(10, "cs", front), annotation(11, "sr", back)],
            become: [
                #""kind":"CLIENT","timestamp":10,"localEndpoint":\#(front)"#,
                #""kind":"SERVER","timestamp":11,"localEndpoint":\#(back),"shared":true"#,
            ]),
    ]

    private static let others: [Case] = [
        Case(
            "local", #""timestamp":10,"duration":5"#, binary: [tag("lc", "", front), tag("a", "b", front)],
            become: [#""timestamp":10,"duration":5,"localEndpoint":\#(front),"tags":{"a":"b"}"#]),
        Case(
            "local with the name of its component", binary: [tag("lc", "worker", front)],
            become: [#""localEndpoint":\#(front),"tags":{"lc":"worker"}"#]),
        Case(
            "both addresses and no side", binary: [address("ca", front), address("sa", back)],
            become: [#""localEndpoint":\#(front),"remoteEndpoint":\#(back)"#]),
        Case("a server's address alone", binary: [address("sa", back)], become: [#""remoteEndpoint":\#(back)"#]),
        Case(
            "a client's address alone", binary: [address("ca", front)],
            become: [#""kind":"SERVER","remoteEndpoint":\#(front)"#]),
        Case(
            "an address whose value is the text 1", binary: [address("sa", back, value: #""1""#)],
            become: [#""remoteEndpoint":\#(back)"#]),
        Case("an address that is false", binary: [address("sa", back, value: "false")], become: [""]),
        Case(
            "any other flag, and a number", binary: [address("xx", back), address("yy", back, value: "5")], become: [""]
        ),
        Case(
            "sent message", annotations: [annotation(10, "ms", front)], binary: [address("ma", broker)],
            become: [#""kind":"PRODUCER","timestamp":10,"localEndpoint":\#(front),"remoteEndpoint":\#(broker)"#]),
        Case(
            "sent message with the end of sending",
            annotations: [annotation(10, "ms", front), annotation(12, "ws", front)],
            become: [#""kind":"PRODUCER","timestamp":10,"duration":2,"localEndpoint":\#(front)"#]),
        Case(
            "received message", annotations: [annotation(10, "mr", back)], binary: [address("ma", broker)],
            become: [#""kind":"CONSUMER","timestamp":10,"localEndpoint":\#(back),"remoteEndpoint":\#(broker)"#]),
        Case(
            "received message with the start of receiving",
            annotations: [annotation(8, "wr", back), annotation(10, "mr", back)],
            become: [#""kind":"CONSUMER","timestamp":8,"duration":2,"localEndpoint":\#(back)"#]),
        Case(
            "message sent and received",
            annotations: [
                annotation(10, "ms", front), annotation(12, "ws", front), annotation(18, "wr", back),
                annotation(20, "mr", back),
            ], binary: [address("ma", broker)],
            become: [
                #""kind":"PRODUCER","timestamp":10,"duration":2,"localEndpoint":\#(front),"remoteEndpoint":\#(broker)"#,
                #""kind":"CONSUMER","timestamp":18,"duration":2,"localEndpoint":\#(back),"remoteEndpoint":\#(broker),"#
                    + #""shared":true"#,
            ]),
        Case(
            "message of a service to itself", annotations: [annotation(10, "ms", front), annotation(20, "mr", front)],
            become: [
                #""kind":"PRODUCER","timestamp":10,"localEndpoint":\#(front)"#,
                #""kind":"CONSUMER","timestamp":20,"localEndpoint":\#(front),"shared":true"#,
            ]),
        Case(
            "wire annotations without a message",
            annotations: [annotation(10, "ws", front), annotation(12, "wr", front)],
            become: [
                #""localEndpoint":\#(front),"#
                    + #""annotations":[{"timestamp":10,"value":"ws"},{"timestamp":12,"value":"wr"}]"#
            ]),
        Case(
            "a moment that nobody has signed is any annotation", annotations: [annotation(10, "cs", "null")],
            become: [#""annotations":[{"timestamp":10,"value":"cs"}]"#]),
        Case(
            "two services",
            annotations: [annotation(12, "b", back), annotation(10, "a", front), annotation(11, "c", "{}")],
            become: [
                #""localEndpoint":\#(front),"#
                    + #""annotations":[{"timestamp":10,"value":"a"},{"timestamp":11,"value":"c"}]"#,
                #""localEndpoint":\#(back),"annotations":[{"timestamp":12,"value":"b"}]"#,
            ]),
        Case("nothing", #""debug":true,"parentId":"b2","name":"GET""#, become: [#""name":"get","debug":true"#]),
    ]

    @Test(arguments: calls + others)
    func `a span becomes one for each service`(sample: Case) throws {
        let members = [
            sample.members, #""annotations":[\#(sample.annotations.joined(separator: ","))]"#,
            #""binaryAnnotations":[\#(sample.binaryAnnotations.joined(separator: ","))]"#,
        ]
        let body = bodyOfSpan(members.filter { !$0.isEmpty }.joined(separator: ","))
        let text = try ZipkinFormat.jsonV1.decode(body).text
        #expect(text == "[\(sample.spans.map(spanText).joined(separator: ","))]")
    }
}
