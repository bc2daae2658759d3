extension SpanFormat {
    /// A span's template; Zipkin's JSON is the profiles' own.
    func pieces(_ shape: SpanShape) -> [Piece] {
        switch self {
        case .zipkinJSON: preconditionFailure("Zipkin's JSON has no layout of its own")
        case .zipkinProtobuf: ZipkinProtobufLayout.pieces(shape)
        case .otlpProtobuf: OTLPProtobufLayout.pieces(shape)
        case .otlpJSON: OTLPJSONLayout.pieces(shape)
        case .jaegerThrift: JaegerThriftLayout.pieces(shape)
        }
    }
}

/// Makes a post of spans that are written already: puts around them what the format has above spans.
final class PostAssembler {
    private let format: SpanFormat
    /// What each pod says of itself, in the format's bytes; empty in formats without.
    private let resources: [[UInt8]]
    /// The scopes, in the format's bytes, and which one each type of span is of.
    private let scopes: [[UInt8]]
    private let scopeOfType: [Int]

    init(_ model: Workload.Model, _ format: SpanFormat) {
        self.format = format
        let pods = format.hasResource ? 0..<model.podCount : 0..<0
        resources = pods.map { pod in
            let shape = model.resource(ofPod: pod)
            return switch format {
            case .otlpProtobuf: OTLPProtobufLayout.resource(shape)
            case .otlpJSON: OTLPJSONLayout.resource(shape)
            default: JaegerThriftLayout.process(shape)
            }
        }
        var (shapes, scopeOfType): ([ScopeShape], [Int]) = ([], [])
        for type in 0..<(format.hasScope ? model.typeCount : 0) {
            let shape = model.scope(ofType: Int32(type))
            let known = shapes.firstIndex(of: shape)
            if known == nil { shapes.append(shape) }
            scopeOfType.append(known ?? shapes.count - 1)
        }
        self.scopeOfType = scopeOfType
        scopes = shapes.map { format == .otlpJSON ? OTLPJSONLayout.scope($0) : OTLPProtobufLayout.scope($0) }
    }

    /// The scope of a type of span; nil in formats without scopes.
    @inline(__always)
    func scope(ofType type: Int32) -> Int? { scopeOfType.isEmpty ? nil : scopeOfType[Int(type)] }

    /// Appends the post of a pod's spans.
    func assemble(_ buffer: PostBuffer, pod: Int, into body: inout [UInt8]) {
        let spans = UnsafeBufferPointer(start: buffer.base, count: buffer.byteCount)
        switch format {
        case .zipkinJSON:
            body.append(UInt8(ascii: "["))
            body.append(contentsOf: spans)
            body.append(UInt8(ascii: "]"))
        case .zipkinProtobuf:
            body.append(contentsOf: spans)
        case .jaegerThrift:
            body.append(contentsOf: JaegerThriftLayout.head(resources[pod], spanCount: buffer.spanCount))
            body.append(contentsOf: spans)
            body.append(0)
        case .otlpProtobuf:
            assembleProtobuf(groups(of: buffer), spans, pod: pod, into: &body)
        case .otlpJSON:
            assembleJSON(groups(of: buffer), spans, pod: pod, into: &body)
        }
    }

    private typealias Group = (scope: Int, spans: [Range<Int>])

    /// The spans of each scope, in the order in which scopes come first; without what separates spans.
    private func groups(of buffer: PostBuffer) -> [Group] {
        var groups: [Group] = []
        let separator = format.separator == nil ? 0 : 1
        for (index, place) in buffer.places.enumerated() {
            let isLast = index == buffer.places.count - 1
            let span = place.start..<(isLast ? buffer.byteCount : buffer.places[index + 1].start - separator)
            if let known = groups.firstIndex(where: { $0.scope == place.scope }) {
                groups[known].spans.append(span)
            } else {
                groups.append((place.scope, [span]))
            }
        }
        return groups
    }

    private func assembleProtobuf(
        _ groups: [Group], _ spans: UnsafeBufferPointer<UInt8>, pod: Int, into body: inout [UInt8]
    ) {
        let heads = groups.map { group in
            let byteCount = scopes[group.scope].count + group.spans.reduce(0) { $0 + $1.count }
            return ProtobufPieces.head(2, byteCount: byteCount) + scopes[group.scope]
        }
        let byteCount = zip(heads, groups).reduce(resources[pod].count) { sum, pair in
            sum + pair.0.count + pair.1.spans.reduce(0) { $0 + $1.count }
        }
        body.append(contentsOf: ProtobufPieces.head(1, byteCount: byteCount))
        body.append(contentsOf: resources[pod])
        for (head, group) in zip(heads, groups) {
            body.append(contentsOf: head)
            for span in group.spans { body.append(contentsOf: UnsafeBufferPointer(rebasing: spans[span])) }
        }
    }

    private func assembleJSON(
        _ groups: [Group], _ spans: UnsafeBufferPointer<UInt8>, pod: Int, into body: inout [UInt8]
    ) {
        body.append(contentsOf: "{\"resourceSpans\":[{\"resource\":".utf8)
        body.append(contentsOf: resources[pod])
        body.append(contentsOf: ",\"scopeSpans\":[".utf8)
        for (number, group) in groups.enumerated() {
            body.append(contentsOf: (number == 0 ? "{\"scope\":" : ",{\"scope\":").utf8)
            body.append(contentsOf: scopes[group.scope])
            body.append(contentsOf: ",\"spans\":[".utf8)
            for (position, span) in group.spans.enumerated() {
                if position > 0 { body.append(UInt8(ascii: ",")) }
                body.append(contentsOf: UnsafeBufferPointer(rebasing: spans[span]))
            }
            body.append(contentsOf: "]}".utf8)
        }
        body.append(contentsOf: "]}]}".utf8)
    }
}
