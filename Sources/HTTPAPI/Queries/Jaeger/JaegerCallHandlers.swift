internal import Bytes
internal import NetworkServer
internal import Topology
internal import TraceModel
internal import TraceStore
internal import WireFormats

/// What Jaeger's gRPC services have in common: how a call is bounded, and how it fails.
struct JaegerCallHandlers {
    let store: any QueryableStore
    let limits: QueryLimits

    static let traceNotFound = GRPCStatus(.notFound, "trace not found")

    /// Routes a method with one answer.
    func on(
        _ method: String, _ router: inout HTTPRouter,
        _ handler: @escaping @Sendable (HTTPBody, QueryWork, inout ByteWriter) throws -> Void
    ) {
        let limits = limits
        router.onWorkerCall(method) { request in
            var writer = ByteWriter()
            try Self.telling { try handler(request.body, limits.work(for: request), &writer) }
            return writer.bytes
        }
    }

    /// Routes a method with any number of answers.
    func onStream(
        _ method: String, _ router: inout HTTPRouter,
        _ handler: @escaping @Sendable (HTTPBody, QueryWork, inout GRPCMessageWriter) throws -> Void
    ) {
        let limits = limits
        router.onStreamingCall(method) { request, messages in
            try Self.telling { try handler(request.body, limits.work(for: request), &messages) }
        }
    }

    /// Turns what may go wrong into the status of the call.
    private static func telling(_ work: () throws -> Void) throws {
        do {
            try work()
        } catch let error as DecodeError {
            throw GRPCStatus(.invalidArgument, "cannot read the request: \(error.message)")
        } catch let error as QueryError {
            throw GRPCStatus(.invalidArgument, error.message)
        } catch let error as StoreError {
            let code: GRPCStatus.Code =
                switch error.code {
                case .timedOut: .deadlineExceeded
                case .cancelled: .cancelled
                case .unreachable: .unavailable
                case .unsupported: .unimplemented
                case .inUse, .unsupportedFormat, .corrupt, .unusable: .internalError
                }
            throw GRPCStatus(code, error.message)
        }
    }

    // MARK: What several services ask

    func operations(_ asked: JaegerOperationsRequest) throws -> [JaegerOperation] {
        try store.operations(ofService: asked.serviceName, jaegerKind: asked.kind.isEmpty ? nil : asked.kind).map {
            JaegerOperation(name: $0.name, kind: $0.kind.jaegerName ?? "")
        }
    }

    func dependencies(_ asked: JaegerTimeRange, _ work: QueryWork, source: String = "") throws -> [JaegerDependency] {
        try store.dependencies(within: try JaegerCallQuery.window(asked), work).map {
            JaegerDependency(
                parent: $0.parent, child: $0.child, callCount: UInt64(max($0.callCount, 0)), source: source)
        }
    }

    /// Sends the summary of each trace that matches, some in a message, the first one early.
    /// - Parameter append: writes a message; several of which, one after the other, are one.
    func sendSummaries(
        _ query: TraceQuery, _ work: QueryWork, _ messages: inout GRPCMessageWriter,
        _ append: (CollectionOfOne<TraceSummary>, inout ByteWriter) -> Void
    ) throws {
        var writer = ByteWriter()
        var isFirst = true
        let outcome = try store.find(query, work) { found in
            append(CollectionOfOne(TraceSummary(found.trace)), &writer)
            guard isFirst || writer.count >= JaegerSpanMessages.byteCountMax / 2 else { return }
            isFirst = false
            try messages.write(message: writer.bytes)
            writer.removeAll()
        }
        if writer.count > 0 { try messages.write(message: writer.bytes) }
        try AnswerGaps.end(outcome.gaps)
    }
}

/// The spans of one trace in messages: a few in the first, so that there is something to show early, then as many as
/// fit.
enum JaegerSpanMessages {
    static let firstSpanCount = 10
    static let byteCountMax = 64 << 10
    /// Of a message with several spans, whatever their sizes.
    static let byteCountLimit = 1 << 20

    /// Sends `jaeger.api_v2.SpansResponseChunk`s.
    static func send(
        _ cursor: TraceCursor, isRaw: Bool, _ work: QueryWork, _ messages: inout GRPCMessageWriter
    ) throws {
        var encoder = JaegerProtobufEncoder(cursor.outline, isRaw: isRaw)
        try send(cursor, work, &messages) { spans, place, spanCountMax, writer in
            encoder.appendChunk(
                spans, place: place, spanCountMax: spanCountMax, byteCountMax: byteCountMax, to: &writer)
        }
    }

    /// Sends OTLP's `TracesData`.
    static func sendOTLP(
        _ cursor: TraceCursor, isRaw: Bool, _ work: QueryWork, _ messages: inout GRPCMessageWriter
    ) throws {
        var encoder = OTLPProtobufEncoder(cursor.outline, isRaw: isRaw)
        try send(cursor, work, &messages) { spans, place, spanCountMax, writer in
            let count = encoder.append(
                spans, place: place, spanCountMax: spanCountMax, byteCountMax: byteCountMax, to: &writer)
            guard writer.count > byteCountLimit, count > 1 else { return count }
            // Its last span was so large that it has to go alone.
            writer.removeAll()
            return encoder.append(spans, place: place, spanCountMax: count - 1, byteCountMax: .max, to: &writer)
        }
    }

    /// - Parameter append: writes one message of the first of the spans, whose place and number at most it is given;
    ///   returns how many it took.
    private static func send(
        _ cursor: TraceCursor, _ work: QueryWork, _ messages: inout GRPCMessageWriter,
        _ append: (_ spans: ArraySlice<SpanView>, _ place: Int, _ spanCountMax: Int, inout ByteWriter) -> Int
    ) throws {
        var writer = ByteWriter()
        while let piece = try cursor.next() {
            var rest = piece.spans[...]
            while !rest.isEmpty {
                try work.check()
                writer.removeAll()
                let place = piece.place + rest.startIndex
                let count = append(rest, place, place == 0 ? firstSpanCount : .max, &writer)
                try messages.write(message: writer.bytes)
                rest = rest.dropFirst(count)
            }
        }
    }
}
