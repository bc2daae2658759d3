import Bytes
import Testing
import TraceModel
import WireFormats

/// Spans that came by other models, and what Zipkin's has no place for.
@Suite struct ZipkinJSONEncoderTests {
    /// The one span that `fill` sets, as JSON.
    private func written(_ fill: (inout SpanBatchBuilder) -> Void) -> String {
        var builder = SpanBatchBuilder()
        builder.beginSpan()
        builder.traceID = TraceID(high: 0, low: 0xa1)
        builder.spanID = 0xb2
        fill(&builder)
        builder.endSpan()
        var writer = ByteWriter()
        ZipkinJSONEncoder.append(SpanView(batch: builder.makeBatch(), row: 0), to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `typed values become text`() {
        let text = written { builder in
            builder.traits.source = .jaeger
            builder.traits.hasOrderedAttributes = true
            builder.addAttribute(key: builder.intern("int"), int: .min)
            builder.addAttribute(key: builder.intern("bool"), bool: true)
            builder.addAttribute(key: builder.intern("double"), double: 1.5)
            builder.addAttribute(key: builder.intern("bytes"), type: .bytes, reference: builder.intern("\u{0}?>a"))
            builder.addAttributeWithoutValue(key: builder.intern("none"))
            builder.addAttribute(key: builder.intern("text"), string: builder.intern("a\"b"))
        }
        #expect(
            text
                == spanText(
                    #""tags":{"bool":"true","bytes":"AD8+YQ==","double":"1.5","int":"-9223372036854775808","none":"","text":"a\"b"}"#
                ))
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func `bytes are written in base 64`(bytes: String, text: String) {
        let found = written { $0.addAttribute(key: $0.intern("b"), type: .bytes, reference: $0.intern(bytes)) }
        #expect(found == spanText(#""tags":{"b":"\#(text)"}"#))
    }

    @Test func `of equal keys of a list the last is written`() {
        let text = written { builder in
            builder.traits.hasOrderedAttributes = true
            for value in ["1", "2", "3"] {
                builder.addAttribute(key: builder.intern("a"), string: builder.intern(value))
                builder.addAttribute(key: builder.intern("b" + value), string: builder.intern(value))
            }
        }
        #expect(text == spanText(#""tags":{"a":"3","b1":"1","b2":"2","b3":"3"}"#))
    }

    @Test(
        arguments: [
            (999, nil), (1_000, 1), (1_999, 1), (0, nil), (-5_000, nil),
            (1_795_241_656_321_007_999, 1_795_241_656_321_007),
        ] as [(Int64, Int64?)])
    func `a start is written in whole microseconds`(start: Int64, microseconds: Int64?) {
        let text = written { $0.start = start }
        #expect(text == spanText(microseconds.map { "\"timestamp\":\($0)" } ?? ""))
    }

    @Test(arguments: [(1, 1), (999, 1), (1_000, 1), (1_999, 1), (2_000, 2), (0, nil), (-1, nil)] as [(Int64, Int64?)])
    func `a duration under a microsecond is written as one`(duration: Int64, microseconds: Int64?) {
        let text = written { $0.duration = duration }
        #expect(text == spanText(microseconds.map { "\"duration\":\($0)" } ?? ""))
    }

    @Test func `events are annotations in the order of time`() {
        let text = written { builder in
            builder.addEvent(name: builder.intern("late"), time: 9_999)
            builder.addEvent(name: builder.intern("early"), time: 5_001, attributes: builder.intern("x"))
            builder.addEvent(name: builder.intern("early"), time: 5_002)
            builder.addEvent(name: builder.intern("before"), time: -1)
        }
        #expect(
            text
                == spanText(
                    #""annotations":[{"timestamp":-1,"value":"before"},{"timestamp":5,"value":"early"},{"timestamp":9,"value":"late"}]"#
                ))
    }

    @Test func `an error status is the tag error`() {
        let failed = written { builder in
            builder.traits.source = .otlp
            builder.traits.kind = .local
            builder.traits.statusCode = .error
            builder.traits.isError = true
            builder.setField(.statusMessage, reference: builder.intern("timed out"))
        }
        #expect(failed == spanText(#""tags":{"error":"timed out","otel.status_code":"ERROR"}"#))
        let own = written { builder in
            builder.traits.statusCode = .error
            builder.addAttribute(key: builder.intern("error"), string: builder.intern("mine"))
        }
        #expect(own == spanText(#""tags":{"error":"mine","otel.status_code":"ERROR"}"#))
        #expect(written { $0.traits.statusCode = .ok } == spanText(#""tags":{"otel.status_code":"OK"}"#))
    }

    @Test func `an attribute error that is false makes no error of the span`() {
        let text = written { builder in
            builder.addAttribute(key: builder.intern("error"), bool: false)
            builder.addAttribute(key: builder.intern("a"), bool: false)
        }
        #expect(text == spanText(#""tags":{"a":"false"}"#))
    }

    @Test func `lists of spans and of traces have commas between`() throws {
        let batch = try decodeZipkin(#"[{"traceId":"1","id":"1"},{"traceId":"1","id":"2"}]"#)
        let spans = Array(batch.spans)
        let first = #"{"traceId":"0000000000000001","id":"0000000000000001"}"#
        let second = #"{"traceId":"0000000000000001","id":"0000000000000002"}"#
        var writer = ByteWriter()
        ZipkinJSONEncoder.appendList(spans[..<0], to: &writer)
        ZipkinJSONEncoder.appendList(spans, to: &writer)
        let trace = Trace(traceID: spans[0].traceID, spans: spans)
        ZipkinJSONEncoder.appendTraces([trace, trace], to: &writer)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "[][\(first),\(second)][[\(first),\(second)],[\(first),\(second)]]")
    }
}

extension SpanBatchBuilder {
    mutating func intern(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }
}
