internal import Catalog
internal import SegmentStore
public import TraceModel

/// What a service does, as its spans name it.
public struct Operation: Sendable, Hashable {
    public let name: String
    public let kind: SpanKind

    public init(name: String, kind: SpanKind) {
        self.name = name
        self.kind = kind
    }
}

extension TraceStore {
    /// Names of all services that have spans, sorted.
    public func serviceNames() throws(StoreError) -> [String] {
        var names = Set(try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.serviceNames() })
        forEachLiveIndex { index in names.formUnion(index.names.keys) }
        names.remove("")
        return names.sorted()
    }

    /// Operations of a service, by name and kind; of one that is known by another name, those of that one.
    public func operations(ofService service: String) throws(StoreError) -> [Operation] {
        let own = try operations(ofServiceCalled: service)
        if own.isEmpty, let alias = try alias(of: service) { return try operations(ofServiceCalled: alias.serviceName) }
        return own
    }

    private func operations(ofServiceCalled service: String) throws(StoreError) -> [Operation] {
        let stored = try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.operations(ofService: service)
        }
        var operations = Set(stored.map { Operation(name: $0.name, kind: SpanKind(rawValue: $0.kind) ?? .unspecified) })
        forEachLiveIndex { index in
            for operation in index.names[service]?.operations ?? [] {
                operations.insert(
                    Operation(name: operation.name, kind: SpanKind(rawValue: operation.kind) ?? .unspecified))
            }
        }
        return operations.filter { !$0.name.isEmpty }.sorted {
            ($0.name, $0.kind.rawValue) < ($1.name, $1.kind.rawValue)
        }
    }

    /// Names of the services that a service called or was called by, as its own spans name them, sorted.
    public func remoteServiceNames(ofService service: String) throws(StoreError) -> [String] {
        var names = Set(
            try StoreError.wrapCatalog { () throws(CatalogError) in try catalog.remoteServiceNames(ofService: service) }
        )
        forEachLiveIndex { index in names.formUnion(index.names[service]?.remoteServiceNames ?? []) }
        return names.sorted()
    }

    private func forEachLiveIndex(_ body: (borrowing LiveIndex) -> Void) {
        for live in state.snapshot().generations where !live.batches.isEmpty {
            live.generation.withIndex(of: live.batches) { body($0) }
        }
    }

    /// From the start of the earliest span to the end of the latest, nanoseconds since 1970; nil if nothing is stored.
    public func timeRange() -> ClosedRange<Int64>? {
        let snapshot = state.snapshot()
        let batches = snapshot.generations.flatMap(\.batches).filter { $0.earliestStart <= $0.latestEnd }
        let starts = snapshot.segments.compactMap(\.statistics.earliestStart) + batches.map(\.earliestStart)
        let ends = snapshot.segments.compactMap(\.statistics.latestEnd) + batches.map(\.latestEnd)
        guard let start = starts.min(), let end = ends.max() else { return nil }
        return start...max(start, end)
    }
}
