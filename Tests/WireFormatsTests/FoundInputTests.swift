import Foundation
import TestSupport
import Testing
import TraceModel
import WireFormats

/// The fuzzers' inputs, those they start from and those they found. See Tests/Fuzzing/README.md.
@Suite struct FoundInputTests {
    /// By the names of the fuzzers' targets.
    enum Format: String, CaseIterable {
        case zipkinJSON = "zipkin-json"
        case zipkinProtobuf = "zipkin-protobuf"
        case zipkinV1JSON = "zipkin-v1-json"
        case zipkinV1Thrift = "zipkin-v1-thrift"
        case jaegerThrift = "jaeger-thrift"
        case jaegerCompact = "jaeger-compact"
        case jaegerBinary = "jaeger-binary"
        case jaegerProtobuf = "jaeger-protobuf"
        case otlpProtobuf = "otlp-protobuf"
        case otlpJSON = "otlp-json"
        case jaegerDocumentJSON = "jaeger-document-json"

        func decode(_ body: [UInt8]) throws -> (batch: SpanBatch, outcome: DecodeOutcome) {
            var builder = SpanBatchBuilder()
            let limits = SpanLimits()
            let options = OTLPOptions(keepsSkeinFacts: true)
            let outcome = try body.withUnsafeBytes { body in
                switch self {
                case .zipkinJSON: try ZipkinJSONDecoder.decode(body, limits: limits, into: &builder)
                case .zipkinProtobuf: try ZipkinProtobufDecoder.decode(body, limits: limits, into: &builder)
                case .zipkinV1JSON: try ZipkinV1JSONDecoder.decode(body, limits: limits, into: &builder)
                case .zipkinV1Thrift: try ZipkinV1ThriftDecoder.decode(body, limits: limits, into: &builder)
                case .jaegerThrift: try JaegerThriftDecoder.decodeBatch(body, limits: limits, into: &builder)
                case .jaegerCompact:
                    try JaegerThriftDecoder.decodeMessage(body, encoding: .compact, limits: limits, into: &builder)
                case .jaegerBinary:
                    try JaegerThriftDecoder.decodeMessage(body, encoding: .binary, limits: limits, into: &builder)
                case .jaegerProtobuf: try JaegerProtobufDecoder.decode(body, limits: limits, into: &builder)
                case .otlpProtobuf:
                    try OTLPProtobufDecoder.decode(body, limits: limits, options: options, into: &builder)
                case .otlpJSON: try OTLPJSONDecoder.decode(body, limits: limits, options: options, into: &builder)
                case .jaegerDocumentJSON:
                    try JaegerDocumentDecoder.decodeSpans(body, limits: limits, into: &builder).outcome
                }
            }
            return (builder.makeBatch(), outcome)
        }
    }

    private static let corpus = Repository.path + "/Tests/Fuzzing/Corpus"

    /// The seeds of a target by their names.
    private func seeds(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = Self.corpus + "/" + target
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            (name, [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + name))))
        }
    }

    // A fuzzer learns little from a seed that is refused.
    @Test(arguments: Format.allCases)
    func `every seed of a decoder's fuzzer is accepted, and one has spans`(format: Format) throws {
        var spanCount = 0
        for seed in try seeds(format.rawValue) {
            do {
                let decoded = try format.decode(seed.bytes)
                spanCount += decoded.batch.spanCount
                #expect(decoded.outcome.rejectedCount == (seed.name.hasPrefix("rejected") ? 1 : 0), "\(seed.name)")
            } catch {
                Issue.record("\(format.rawValue)/\(seed.name): \(error)")
            }
        }
        #expect(spanCount > 0)
    }

    @Test func `every seed of the fuzzer of images is an image, and can be written`() throws {
        for seed in try seeds("batch-image") {
            let batch = try seed.bytes.withUnsafeBytes { try SpanBatch(copying: $0) }
            let options = OTLPOptions(keepsSkeinFacts: true)
            let back = try decodeOTLP(encodeOTLP(batch.spans, options: options), options: options).spans
            #expect(back.count == batch.spanCount, "\(seed.name)")
        }
    }

    @Test func `an event of the earliest time is written as Zipkin's decoder takes it`() throws {
        var span = SampleJaegerSpan()
        span.logs = [SampleLog(microseconds: .min, fields: [SampleTag("event", "long ago")])]
        let decoded = try decodeJaeger(SampleJaegerBatch(spans: [span]).bytes(.batch), .batch)
        let back = try decodeZipkin(encodeZipkin(decoded.batch))
        #expect(try Array(back.spans)[0].eventTexts() == ["long ago -9223372036854775000 -"])
    }

    @Test(arguments: [
        #"{"schemaUrl":""}"#, #"{"type":"a","schemaUrl":"b"}"#, #"{"type":"a","type":"b"}"#,
        #"{"descriptionKeys":["a"],"idKeys":[]}"#, #"{"idKeys":["a",""],"idKeys":null,"type":""}"#,
    ])
    func `an entity in JSON is kept as protobuf has it`(entity: String) throws {
        let ids = #""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708""#
        let resource = #""resource":{"entityRefs":[\#(entity)]}"#
        let body = #"{"resourceSpans":[{\#(resource),"scopeSpans":[{"spans":[{\#(ids)}]}]}]}"#
        let span = try decodeOTLPJSON(Array(body.utf8)).spans[0]
        let back = try decodeOTLP(encodeOTLP([span])).spans[0]
        #expect(span.hasEqualContent(to: back), "\(span.canonicalText) became \(back.canonicalText)")
    }

    @Test(arguments: [#"{"schemaUrl":["a"]}"#, #"{"idKeys":"a"}"#])
    func `an entity's member of another type is refused`(entity: String) {
        let body = #"{"resourceSpans":[{"resource":{"entityRefs":[\#(entity)]}}]}"#
        #expect(throws: DecodeError.self) { try decodeOTLPJSON(Array(body.utf8)) }
    }

    @Test func `there is a fuzzer for every decoder`() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus)
        #expect(Set(folders) == Set(Format.allCases.map(\.rawValue) + ["batch-image", "gzip", "traceql"]))
    }
}
