internal import OpenSearch
internal import Topology
internal import TraceModel
internal import WireFormats

/// The documents of spans, in the shape that a destination is to have them in.
protocol SpanDocuments: AnyObject {
    /// Takes the batch whose spans come next.
    /// - Parameter root: finds the root of a trace in the segment.
    func enter(_ batch: SpanBatch, root: @escaping (TraceID) throws -> SpanView?)

    /// Adds the documents of the rows that are wanted, until there are no more or the body is full.
    func append(_ rows: inout WantedRows, of batch: SpanBatch, to body: inout BulkBody, _ limits: BodyLimits) throws

    /// The cluster may have lost what it had.
    func reset()
}

/// How large a body becomes.
struct BodyLimits {
    private let documentCount: Int
    private let byteCount: Int

    /// Documents are mostly smaller: a body does not become larger than it may.
    private static let spareByteCount = 32 << 10

    init(_ options: ForwardingOptions) {
        documentCount = options.bulkDocumentCountMax
        byteCount = max(options.bulkByteCountMax - Self.spareByteCount, options.bulkByteCountMax / 2)
    }

    func isReached(by body: BulkBody) -> Bool { body.documentCount >= documentCount || body.byteCount >= byteCount }
}

/// The documents of calls between services.
protocol CallDocumentShape {
    /// - Parameter start: of the interval, nanoseconds since 1970.
    func append(_ links: [DependencyLink], start: Int64, to body: inout BulkBody)
}

enum DocumentShapes {
    /// - Parameters:
    ///   - filter: which may be other than that of the options.
    ///   - hashKey: of hidden attributes, 16 bytes.
    static func documents(
        _ options: ForwardingOptions, _ filter: SpanFilter, hashKey: [UInt8]
    ) -> any SpanDocuments {
        let filter = AttributeFilter(
            droppedKeys: filter.droppedAttributes, hashedKeys: filter.hashedAttributes, hashKey: hashKey)
        return switch options.index.shape {
        case .jaeger: JaegerSpanDocuments(options.index, filter)
        case .otel: OTelSpanDocuments(options.index.naming, filter)
        }
    }

    /// - Returns: nil where calls are told span by span.
    static func calls(_ options: ForwardingOptions, storeID: String) -> (any CallDocumentShape)? {
        switch options.index.shape {
        case .jaeger: JaegerCallDocuments(naming: options.index.naming, storeID: storeID)
        case .otel: nil
        }
    }
}
