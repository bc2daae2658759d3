internal import NetworkServer
internal import TraceStore
internal import WireFormats

/// What a search over gRPC asks of the store.
enum JaegerCallQuery {
    /// - Throws: `GRPCStatus`.
    static func query(_ asked: JaegerTraceQuery) throws -> TraceQuery {
        // A predicate or a page that is not looked at would give more than was asked for: it is refused, as by
        // a service of Jaeger's that has it switched off.
        if asked.hasFilter { throw GRPCStatus(.unimplemented, "the structured query filter is disabled") }
        if asked.pageSize != 0 || !asked.pageToken.isEmpty {
            throw GRPCStatus(.unimplemented, "pagination is disabled")
        }
        guard asked.attributes.count <= QueryParameters.clauseCountMax else {
            throw GRPCStatus(.invalidArgument, "more than \(QueryParameters.clauseCountMax) attributes")
        }
        let range = time(JaegerTimeRange(start: asked.startMin, end: asked.startMax))
        var query = TraceQuery(
            rules: .oneSpan, startMin: range.start ?? 0, startMax: range.end ?? .max,
            limit: asked.limit > 0 ? asked.limit : JaegerQueryParameters.limitDefault)
        query.serviceName = asked.serviceName.isEmpty ? nil : asked.serviceName
        query.operationName = asked.operationName.isEmpty ? nil : asked.operationName
        query.durationMin = asked.durationMin.flatMap { $0 > 0 ? $0 : nil }
        query.durationMax = asked.durationMax.flatMap { $0 > 0 ? $0 : nil }
        query.attributes = asked.attributes.map { .init(key: $0.key, target: .anywhere(value: $0.value)) }
        return query
    }

    /// As `query`, with the conditions of API v3.
    /// - Throws: `GRPCStatus`.
    static func queryV3(_ asked: JaegerTraceQuery) throws -> TraceQuery {
        let range = time(JaegerTimeRange(start: asked.startMin, end: asked.startMax))
        guard let start = range.start, let end = range.end else {
            throw GRPCStatus(.invalidArgument, "start time min and max are required parameters")
        }
        guard start < end else {
            throw GRPCStatus(.invalidArgument, "start_time_min must be before start_time_max")
        }
        guard asked.limit >= 0 else { throw GRPCStatus(.invalidArgument, "search depth must not be negative") }
        return try query(asked)
    }

    /// The window of a question for dependencies, which has to be given.
    /// - Throws: `GRPCStatus`.
    static func window(_ asked: JaegerTimeRange) throws -> ClosedRange<Int64> {
        let range = time(asked)
        guard let start = range.start, let end = range.end else {
            throw GRPCStatus(.invalidArgument, "StartTime and EndTime must be initialized.")
        }
        guard start <= end else { throw GRPCStatus(.invalidArgument, "StartTime must not be after EndTime.") }
        return start...end
    }

    /// A time that Go has not set is sent as the year 1: what is before 1970 is none.
    private static func time(_ range: JaegerTimeRange) -> JaegerTimeRange {
        JaegerTimeRange(
            start: range.start.flatMap { $0 >= 0 ? $0 : nil }, end: range.end.flatMap { $0 >= 0 ? $0 : nil })
    }
}
