internal import SegmentStore
internal import TraceModel

extension TraceStore {
    /// Keys of the attributes of spans within the window.
    ///
    /// The window is looked at block by block: what stands beside spans that begin within it is listed too. Every
    /// service's name is an attribute of its resource, `service.name`, whatever it was sent as.
    /// - Parameters:
    ///   - window: nanoseconds since 1970.
    ///   - limit: keys of one scope.
    /// - Throws: `StoreError`, `cancelled` among others. When time is up, what was found is the answer.
    public func attributeKeys(
        within window: ClosedRange<Int64>, limit: Int, _ work: QueryWork
    ) throws(StoreError) -> AttributeKeys {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        var search = AttributeSearch(snapshot, window, serviceName: nil, limit: limit, work, logger)
        return try search.keys()
    }

    /// Values of an attribute of spans within the window, as `attributeKeys` looks at it. The values of
    /// `resource.service.name` are the names of all services.
    /// - Parameter serviceName: only what spans of this service have.
    public func attributeValues(
        scope: AttributeScope, key: String, serviceName: String?, within window: ClosedRange<Int64>, limit: Int,
        _ work: QueryWork
    ) throws(StoreError) -> AttributeValues {
        if scope == .resource && key == AttributeSearch.serviceNameKey {
            let names = try serviceNames().filter { serviceName == nil || $0 == serviceName }
            return AttributeValues(
                values: names.prefix(limit).map(AttributeValue.string), isComplete: names.count <= limit)
        }
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        var search = AttributeSearch(snapshot, window, serviceName: serviceName, limit: limit, work, logger)
        return try search.values(scope, key)
    }

    /// Keys of the spans' own attributes within the window whose values are texts of which there are few, sorted: those
    /// that are worth a list to choose from.
    public func attributeKeysWithFewValues(
        within window: ClosedRange<Int64>, _ work: QueryWork
    ) throws(StoreError) -> [String] {
        let snapshot = state.snapshot()
        defer { cache.queryEnded(snapshot.segments) }
        var search = AttributeSearch(snapshot, window, serviceName: nil, limit: .max, work, logger)
        return try search.keysWithFewValues()
    }
}
