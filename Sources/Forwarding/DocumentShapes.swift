internal import Logging
internal import OpenSearch
internal import StorageFiles
internal import Topology
internal import TraceModel
internal import WireFormats

/// The documents of spans, in the shape that a destination is to have them in.
protocol SpanDocuments: AnyObject {
    /// Takes the batch whose spans come next.
    /// - Parameter root: finds the root of a trace in the segment.
    func enter(_ batch: SpanBatch, root: @escaping (TraceID) throws -> SpanView?)

    func append(_ span: SpanView, to body: inout BulkBody) throws

    /// The cluster may have lost what it had.
    func reset()
}

/// The documents of calls between services.
protocol CallDocumentShape {
    /// - Parameter start: of the interval, nanoseconds since 1970.
    func append(_ links: [DependencyLink], start: Int64, to body: inout BulkBody)
}

enum DocumentShapes {
    /// - Parameter hashKey: of hidden attributes, 16 bytes.
    static func documents(_ options: ForwardingOptions, hashKey: [UInt8]) -> any SpanDocuments {
        let filter = AttributeFilter(
            droppedKeys: options.filter.droppedAttributes, hashedKeys: options.filter.hashedAttributes,
            hashKey: hashKey)
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

    /// Makes the cluster ready for the documents: templates, and what is written through aliases. Blocks.
    static func prepare(
        _ client: OpenSearchClient, _ index: IndexOptions, _ logger: Logger
    ) throws(OpenSearchError) {
        let installer = try TemplateInstaller(client: client, logger: logger)
        let isRolledOver = index.rotation == .rollover
        for template in index.shape == .jaeger ? SearchTemplate.jaeger : SearchTemplate.otel {
            let text = template.filled(
                prefix: index.prefix, shardCount: index.shardCount, replicaCount: index.replicaCount,
                isRolledOver: isRolledOver)
            let name = template.name(prefix: index.prefix)
            try installer.install(try IndexTemplate(name: name, body: Array(text.utf8)))
            guard isRolledOver, template != .otelServiceMap else { continue }
            if index.shape == .jaeger {
                try installer.makeFirstIndex(base: name)
            } else {
                try installer.makeFirstIndex(base: name, writeAlias: name, readAlias: nil)
            }
        }
    }
}

extension IndexOptions {
    var naming: IndexNaming {
        let rotation: IndexNaming.Rotation =
            switch rotation {
            case .daily: .daily
            case .hourly: .hourly
            case .rollover: .rollover
            }
        return IndexNaming(prefix: prefix, rotation: rotation)
    }
}
