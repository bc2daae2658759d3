import QueryLanguage
import Testing
import TraceModel

@Suite struct ValueTestTests {
    private func holds(
        _ comparison: TraceQLQuery.Comparison, _ literal: TraceQLQuery.Literal, _ text: String
    ) -> Bool {
        var text = text
        return text.withUTF8 { ValueTest(comparison, literal).holds(text: UnsafeRawBufferPointer($0)) }
    }

    @Test func `texts compare by their bytes`() {
        #expect(holds(.equal, .string("a"), "a") && !holds(.equal, .string("a"), "ab"))
        #expect(
            holds(.less, .string("b"), "a") && holds(.greater, .string("a"), "ab") && !holds(.less, .string("a"), "a"))
        #expect(holds(.notEqual, .string("a"), "b") && !holds(.notEqual, .string("a"), "a"))
    }

    @Test func `numbers of both kinds compare without loss`() {
        #expect(ValueTest(.equal, .int(9_007_199_254_740_993)).holds(.int(9_007_199_254_740_993)))
        #expect(!ValueTest(.equal, .int(9_007_199_254_740_993)).holds(.double(9_007_199_254_740_992)))
        #expect(ValueTest(.less, .double(1.5)).holds(.int(1)) && !ValueTest(.less, .double(1.5)).holds(.int(2)))
        #expect(ValueTest(.greater, .int(.max)).holds(.double(.infinity)))
        #expect(
            !ValueTest(.greater, .int(0)).holds(.double(.nan)) && ValueTest(.notEqual, .int(0)).holds(.double(.nan)))
    }

    @Test func `a text that is a whole number compares with one`() {
        #expect(holds(.greaterOrEqual, .int(500), "503") && !holds(.greaterOrEqual, .int(500), "404"))
        #expect(holds(.equal, .int(-3), "-3") && holds(.equal, .int(0), "0"))
        for text in ["", "-", "05", "-0", "1x", "1.0", "+1", "99999999999999999999"] {
            #expect(!holds(.equal, .int(5), text) && !holds(.notEqual, .int(7), text), "\(text)")
        }
        #expect(ValueTest(.notEqual, .string("200")).holds(.int(500)))
        #expect(!ValueTest(.notEqual, .string("200")).holds(.int(200)))
        #expect(!ValueTest(.notEqual, .string("x")).holds(.int(200)))
    }

    @Test func `only nil is about values that are not there`() {
        #expect(ValueTest(.equal, .none).holds(nil) && ValueTest(.equal, .none).holds(SpanValue.none))
        #expect(!ValueTest(.notEqual, .none).holds(nil) && ValueTest(.notEqual, .none).holds(.int(1)))
        #expect(!ValueTest(.notEqual, .string("a")).holds(nil) && !ValueTest(.notMatches, .string("a")).holds(nil))
        #expect(ValueTest(.equal, .none).acceptsAbsent && !ValueTest(.notEqual, .none).acceptsAbsent)
    }

    @Test func `an equality tells its text`() {
        #expect(ValueTest(.equal, .string("a")).equalText == "a")
        #expect(ValueTest(.equal, .bool(true)).equalText == "true")
        #expect(ValueTest(.matches, .string("a")).equalText == "a")
        #expect(ValueTest(.matches, .string("a|b")).equalText == nil)
        #expect(ValueTest(.notEqual, .string("a")).equalText == nil)
        #expect(ValueTest(.equal, .int(1)).equalText == nil)
    }
}
