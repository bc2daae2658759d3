public import Logging
internal import StorageFiles
public import WireFormats

extension IndexOptions {
    public var naming: IndexNaming {
        let rotation: IndexNaming.Rotation =
            switch rotation {
            case .daily: .daily
            case .hourly: .hourly
            case .rollover: .rollover
            }
        return IndexNaming(prefix: prefix, rotation: rotation)
    }

    /// Makes a cluster ready for the documents: templates, and what is written through aliases. Blocks.
    public func prepare(_ client: OpenSearchClient, _ logger: Logger) throws(OpenSearchError) {
        let installer = try TemplateInstaller(client: client, logger: logger)
        let isRolledOver = rotation == .rollover
        for template in shape == .jaeger ? SearchTemplate.jaeger : SearchTemplate.otel {
            let text = template.filled(
                prefix: prefix, shardCount: shardCount, replicaCount: replicaCount, isRolledOver: isRolledOver)
            let name = template.name(prefix: prefix)
            try installer.install(try IndexTemplate(name: name, body: Array(text.utf8)))
            guard isRolledOver, template != .otelServiceMap else { continue }
            if shape == .jaeger {
                try installer.makeFirstIndex(base: name)
            } else {
                try installer.makeFirstIndex(base: name, writeAlias: name, readAlias: nil)
            }
        }
    }
}

extension JaegerDocumentOptions {
    /// - Parameter filter: what is hidden of the spans.
    public init(_ index: IndexOptions, _ filter: AttributeFilter = AttributeFilter()) {
        self.init()
        naming = index.naming
        fieldAttributes = index.fieldAttributes.contains("*") ? .all : .keys(index.fieldAttributes)
        self.filter = filter
    }
}
