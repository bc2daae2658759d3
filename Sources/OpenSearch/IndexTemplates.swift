internal import Glibc
public import Logging
internal import StorageFiles
internal import Threads
public import WireFormats

extension IndexOptions {
    /// What the indices are called.
    public var naming: IndexNaming {
        let rotation: IndexNaming.Rotation =
            switch rotation {
            case .daily: .daily
            case .hourly: .hourly
            case .rollover: .rollover
            }
        return IndexNaming(prefix: prefix, rotation: rotation)
    }
}

extension JaegerDocumentOptions {
    /// As the indices are to have documents; without a filter.
    public init(_ index: IndexOptions) {
        self.init()
        naming = index.naming
        fieldAttributes = index.fieldAttributes.contains("*") ? .all : .keys(index.fieldAttributes)
    }
}

/// What a cluster needs before the first document comes.
public enum IndexTemplates {
    /// Installs the templates that are missing or older, and makes the first index of each alias. Blocks.
    public static func install(
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

    /// The same on a thread of its own, again and again until it is done or the client is shut down.
    public static func installInBackground(_ client: OpenSearchClient, _ index: IndexOptions, _ logger: Logger) {
        guard index.installsTemplates else { return }
        do throws(ThreadError) {
            try WorkerThread { retry(client, index, logger) }.detach()
        } catch {
            logger.error("index templates cannot be installed", metadata: ["reason": "\(error)"])
        }
    }

    private static func retry(_ client: OpenSearchClient, _ index: IndexOptions, _ logger: Logger) {
        var seconds: UInt32 = 1
        var summary: String?
        while true {
            do throws(OpenSearchError) {
                return try install(client, index, logger)
            } catch {
                if error.code == .stopped { return }
                if error.summary != summary {
                    logger.warning("index templates cannot be installed yet", metadata: ["reason": "\(error)"])
                }
                summary = error.summary
            }
            sleep(seconds)
            seconds = min(seconds * 2, 30)
        }
    }
}
