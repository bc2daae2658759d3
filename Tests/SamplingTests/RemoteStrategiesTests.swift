import Sampling
import TestSupport
import Testing

/// Strategies in Jaeger's format: what they mean, and where they are wrong.
@Suite struct RemoteStrategiesTests {
    private func strategies(_ json: String) throws -> RemoteStrategies {
        try RemoteStrategies(json: Array(json.utf8), fallback: 0.25)
    }

    private static let example = """
        {"service_strategies":[
          {"service":"foo","type":"probabilistic","param":0.8,"operation_strategies":[
            {"operation":"op1","type":"probabilistic","param":0.2},
            {"operation":"op2","type":"probabilistic","param":0.4}]},
          {"service":"bar","type":"ratelimiting","param":5},
          {"service":"own","type":"ratelimiting","param":7,"operation_strategies":[
            {"operation":"/health","type":"probabilistic","param":0.3},
            {"operation":"few","type":"ratelimiting","param":3}]},
          {"service":"plain","type":"probabilistic","param":1}],
         "default_strategy":{"type":"probabilistic","param":0.5,"operation_strategies":[
            {"operation":"/health","type":"probabilistic","param":0.0},
            {"operation":"/metrics","type":"probabilistic","param":0.1}]}}
        """

    private func operations(_ strategy: RemoteStrategy?) -> [String: Double] {
        Dictionary(uniqueKeysWithValues: (strategy?.operations?.operations ?? []).map { ($0.name, $0.probability) })
    }

    @Test func `services get their strategy, and the default's operations that they do not list`() throws {
        let strategies = try strategies(Self.example)
        #expect(strategies.serviceCount == 4)
        let foo = try #require(strategies.strategy(named: "foo"))
        #expect(foo.rule == .probabilistic(0.8))
        #expect(foo.operations?.defaultProbability == 0.8)
        #expect(operations(foo) == ["op1": 0.2, "op2": 0.4, "/health": 0, "/metrics": 0.1])
        #expect(foo.operations?.operations.map(\.name) == ["op1", "op2", "/health", "/metrics"])
        let plain = try #require(strategies.strategy(named: "plain"))
        #expect(plain.rule == .probabilistic(1) && plain.operations?.defaultProbability == 1)
        #expect(operations(plain) == ["/health": 0, "/metrics": 0.1])
        #expect(strategies.strategy(named: "others") == nil)
        #expect(strategies.defaultStrategy.rule == .probabilistic(0.5))
        #expect(operations(strategies.defaultStrategy) == ["/health": 0, "/metrics": 0.1])
    }

    @Test func `a rate-limited service stays so, and has probabilistic operations beside`() throws {
        let strategies = try strategies(Self.example)
        let bar = try #require(strategies.strategy(named: "bar"))
        #expect(bar.rule == .rateLimiting(5))
        #expect(bar.operations?.defaultProbability == 0.5)
        #expect(operations(bar) == ["/health": 0, "/metrics": 0.1])
        let own = try #require(strategies.strategy(named: "own"))
        #expect(own.rule == .rateLimiting(7) && own.operations?.defaultProbability == 0.001)
        #expect(operations(own) == ["/health": 0.3, "/metrics": 0.1])
        #expect(
            strategies.warnings == [
                "line 8, column 5: service_strategies[2].operation_strategies[1]: an operation cannot be rate-limited; "
                    + "'few' is passed over"
            ])
    }

    @Test func `what is missing has a meaning`() throws {
        for json in [
            "{}", "\u{feff} {\"default_strategy\":null,\"service_strategies\":null} ",
            #"{"service_strategies":[]}"#,
        ] {
            let strategies = try strategies(json)
            #expect(strategies.defaultStrategy == RemoteStrategy(.probabilistic(0.25)))
            #expect(strategies.serviceCount == 0 && strategies.warnings.isEmpty)
        }
        let limited = try strategies(#"{"service_strategies":[{"service":"a","type":"ratelimiting","param":0}]}"#)
        #expect(limited.strategy(named: "a") == RemoteStrategy(.rateLimiting(0)))
    }

    @Test func `what is dubious is warned of`() throws {
        let strategies = try strategies(
            """
            {"service_strategies":[
              {"service":"a","type":"probabilistic","param":1,"parm":3},
              {"service":"a","type":"ratelimiting","param":1.5}],
             "é":{}, "x":[1,2.5e-3,true,false,null,"\\ud83d\\ude00\\n"]}
            """)
        #expect(strategies.strategy(named: "a") == RemoteStrategy(.rateLimiting(2)))
        #expect(
            strategies.warnings == [
                "line 4, column 6: é: means nothing here",
                "line 4, column 14: x: means nothing here",
                "line 2, column 58: service_strategies[0].parm: means nothing here",
                "line 3, column 48: service_strategies[1].param: only whole numbers can be told; 2 counts",
                "line 3, column 3: service_strategies[1]: the service 'a' is named again; the last strategy counts",
            ])
    }

    @Test(arguments: [
        ("", "line 1, column 1: a value is expected, but the text ends"),
        ("[]", "line 1, column 1: an object is expected, not a list"),
        ("{\n \"a\" 1}", "line 2, column 6: ':' is expected, not '1'"),
        ("{\"a\":1,}", "line 1, column 8: a name in quotes is expected, not '}'"),
        ("{\"a\":[1 2]}", "line 1, column 9: ',' or ']' is expected, not '2'"),
        ("{\"a\":1 \"b\"", "line 1, column 8: ',' or '}' is expected, not '\"'"),
        ("{\"a\":01}", "line 1, column 6: a number has no zero before it"),
        ("{\"a\":1.}", "line 1, column 8: a digit is expected, not '}'"),
        ("{\"a\":1e999}", "line 1, column 6: the number is too large"),
        ("{\"a\":\"é\\x\"}", "line 1, column 8: there is no such escape"),
        ("{\"a\":\"\\ud800\"}", "line 1, column 7: half a character is escaped"),
        ("{\"a\":\"b", "line 1, column 6: the text that begins here has no end"),
        ("{\"a\":\"b\n\"}", "line 1, column 8: a control character stands in a text"),
        ("{} x", "line 1, column 4: nothing may follow the end of the value"),
        ("{\"service_strategies\":{}}", "line 1, column 23: service_strategies: a list is expected, not an object"),
        (
            "{\"service_strategies\":[7]}",
            "line 1, column 24: service_strategies[0]: an object is expected, not a number"
        ),
        (
            "{\"service_strategies\":[{\"type\":\"probabilistic\"}]}",
            "line 1, column 24: service_strategies[0]: 'service' is missing"
        ),
        ("{\"default_strategy\":{\"param\":1}}", "line 1, column 21: default_strategy: 'type' is missing"),
        (
            "{\"default_strategy\":{\"type\":\"probabilistic\"}}",
            "line 1, column 21: default_strategy: 'param' is missing"
        ),
        (
            "{\"default_strategy\":\n{\"type\":\"probabilstic\",\"param\":1}}",
            "line 2, column 9: default_strategy.type: 'probabilistic' or 'ratelimiting' is expected"
        ),
        (
            "{\"default_strategy\":{\"type\":\"probabilistic\",\"param\":1.5}}",
            "line 1, column 53: default_strategy.param: a number from 0 to 1 is expected"
        ),
        (
            "{\"default_strategy\":{\"type\":\"ratelimiting\",\"param\":\"5\"}}",
            "line 1, column 52: default_strategy.param: a number from 0 to 2147483647 is expected"
        ),
        (
            "{\"default_strategy\":{\"type\":5,\"param\":5}}",
            "line 1, column 29: default_strategy.type: a text is expected, not a number"
        ),
        ("{\"default_strategy\":{},\"default_strategy\":{}}", "line 1, column 43: default_strategy: is given twice"),
    ]) func `an error tells its place`(json: String, message: String) {
        let error = #expect(throws: RemoteStrategiesError.self) { try strategies(json) }
        #expect(error?.description == message)
    }

    @Test func `what is not UTF-8, or too deep, is refused`() {
        for bytes in [Array("{\"".utf8) + [0xff, 0x22], Array(String(repeating: "[", count: 100_000).utf8)] {
            #expect(throws: RemoteStrategiesError.self) { try RemoteStrategies(json: bytes, fallback: 1) }
        }
    }

    @Test(arguments: [UInt64.random(in: 0...UInt64.max), 1, 2, 3]) func `damage is refused or means something`(
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let whole = Array(Self.example.utf8)
        let texts = ["\"", "{", "}", "[", "]", ",", ":", "\\", "\\u", "\\ud83d", "-", "1e", "null", "\u{0}", "é"]
        let pieces = texts.map { Array($0.utf8) }
        var refused = 0
        for _ in 0..<3000 {
            var text = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: text[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: text.removeSubrange(place...)
                case 2: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...40, using: &random)))
                case 3: text.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
                default: text.insert(contentsOf: text[place..<min(text.count, place + 60)], at: place)
                }
            }
            do {
                let strategies = try RemoteStrategies(json: text, fallback: 1)
                #expect(strategies.warnings.count <= 100)
            } catch {
                refused += 1
                #expect(error.line >= 1 && error.line <= 12 + 4 * 12 && error.column >= 1 && !error.reason.isEmpty)
            }
        }
        #expect(refused > 100, "seed \(seed)")
    }
}
