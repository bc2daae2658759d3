internal import TraceModel

/// Counts traces one by one: links by Zipkin's rules; by a mesh's rules calls, operations, and where a trace falls
/// apart.
struct TraceCount: Sendable {
    private(set) var sums = SeriesSums()
    // Of the trace at hand.
    private var tree = CallTree()
    private var calls = TraceCalls()
    private var trace = TraceFacts()

    /// - Parameter records: of one trace, sorted by `CallOrder`.
    mutating func add(
        _ records: UnsafeBufferPointer<CallRecord>, _ sites: UnsafeBufferPointer<CallSite>, _ names: CallNames
    ) {
        tree.build(records, sites, names)
        guard let facts = TraceFacts(tree.spans) else { return }
        trace = facts
        countLinks()
        calls.examine(tree, names)
        for place in tree.spans.indices {
            let (span, spot) = (tree.spans[place], calls.spots[place])
            countOperation(span, isMirrored: spot.isMirrored)
            if span.isCallee {
                countAnswer(place, span, spot, names)
            } else if span.isCaller {
                if !spot.hasAnswer, spot.innerCaller < 0 { countOneSided(span, spot) }
                if span.parentID == 0 { countUnjoined(place, span) }
            }
            if span.parentID != 0, spot.parent < 0, tree.namedParents[place] < 0 {
                addSign(time(span), CallSeries(.orphan, callee: party(span)))
            }
        }
        countLonely()
    }

    private mutating func countLinks() {
        tree.forEachLink { parent, child, isError in
            let hint = SeriesSums.Hint(high: UInt64(parent) << 32 | UInt64(child), low: HintKind.link.rawValue)
            let place =
                sums.place(at: trace.start, hint)
                ?? sums.place(
                    at: trace.start, hint,
                    CallSeries(
                        .link, caller: CallParty(serviceName: parent), callee: CallParty(serviceName: child)))
            sums.tallies[place].count(isError: isError)
        }
    }

    // MARK: Hints

    private enum HintKind: UInt64 {
        case link, operation, mirroredOperation, call, nameless, oneSided
    }

    /// What tells a series of calls made of the sites of some spans.
    /// - Returns: nil if a span was put together from different sites.
    @inline(__always)
    private func hint(
        _ hintKind: HintKind, _ kind: CallSeries.Kind, caller: CallSpan?, entry: Int32, _ span: CallSpan
    ) -> SeriesSums.Hint? {
        guard span.isOfOneSite, caller?.isOfOneSite ?? true, entry < 0 || tree.spans[Int(entry)].isOfOneSite else {
            return nil
        }
        let entrySite = entry < 0 ? 0 : UInt64(tree.spans[Int(entry)].record.site) + 1
        return SeriesSums.Hint(
            high: UInt64(caller?.record.site ?? 0) << 32 | UInt64(span.record.site),
            low: entrySite << 16 | UInt64(kind.rawValue) << 8 | hintKind.rawValue)
    }

    // MARK: Operations

    private mutating func countOperation(_ span: CallSpan, isMirrored: Bool) {
        let hint = hint(
            isMirrored ? .mirroredOperation : .operation, .operation, caller: nil, entry: CallTree.none, span)
        let place =
            sums.place(at: time(span), hint)
            ?? sums.place(
                at: time(span), hint,
                CallSeries(
                    .operation, callee: party(span, operationName: span.site.operationName), spanKind: span.kind,
                    isMirrored: isMirrored))
        sums.tallies[place].count(isError: span.isError)
        guard span.record.duration != SpanBatch.absentTime else { return }
        sums.tallies[place].clientDurations.add(span.record.duration)
    }

    // MARK: Calls

    private mutating func countAnswer(
        _ place: Int, _ span: CallSpan, _ spot: TraceCalls.Spot, _ names: CallNames
    ) {
        let parentPlace = Int(spot.parent)
        var kind: CallSeries.Kind = span.kind == .server ? .rpc : .messaging
        guard parentPlace >= 0 else {
            // The caller sends no spans, but the callee knows its name.
            guard span.site.remoteServiceName != 0 else { return }
            let hint = hint(.nameless, kind, caller: nil, entry: CallTree.none, span)
            let place =
                sums.place(at: time(span), hint)
                ?? sums.place(
                    at: time(span), hint,
                    CallSeries(
                        kind, caller: CallParty(serviceName: span.site.remoteServiceName),
                        callee: party(span, operationName: span.site.operationName)))
            return addCall(span, place, clientDuration: nil)
        }
        let (parent, parentSpot) = (tree.spans[parentPlace], calls.spots[parentPlace])
        guard isCall(from: parent, to: span, names) else { return }
        let isRetried =
            span.kind == .server && parent.kind == .client && parentSpot.firstServer != Int32(place)
        if isRetried { kind = .retried }
        if spot.isMirrored { kind = .mirrored }
        // How long the client waited is told once.
        let hasDuration =
            parent.isCaller && !isRetried && parent.record.duration != SpanBatch.absentTime
        let hint = hint(.call, kind, caller: parent, entry: parentSpot.entry, span)
        let place =
            sums.place(at: time(span), hint)
            ?? sums.place(
                at: time(span), hint,
                CallSeries(
                    kind, caller: caller(parent, parentSpot),
                    callee: party(span, operationName: span.site.operationName)))
        addCall(span, place, clientDuration: hasDuration ? parent.record.duration : nil)
    }

    /// An application below its own sidecar was not called once more.
    private func isCall(from parent: CallSpan, to span: CallSpan, _ names: CallNames) -> Bool {
        if parent.isCaller { return true }
        if parent.serviceName == span.serviceName { return false }
        return !(parent.kind == .server && names.isSameService(parent.site, span.site))
    }

    /// - Parameter place: of the tally.
    private mutating func addCall(_ span: CallSpan, _ place: Int, clientDuration: Int64?) {
        sums.tallies[place].count(isError: span.isError)
        if let clientDuration { sums.tallies[place].clientDurations.add(clientDuration) }
        guard span.record.duration != SpanBatch.absentTime else { return }
        sums.tallies[place].serverDurations.add(span.record.duration)
    }

    private mutating func countOneSided(_ span: CallSpan, _ spot: TraceCalls.Spot) {
        let other = otherSide(span)
        guard other.serviceName != 0 else { return }
        let kind: CallSeries.Kind =
            if spot.isMirrored {
                .mirrored
            } else if span.kind == .producer || span.site.traits.isMessaging {
                .messaging
            } else {
                span.site.traits.isDatabase ? .database : .oneSided
            }
        let hint = hint(.oneSided, kind, caller: nil, entry: spot.entry, span)
        let place =
            sums.place(at: time(span), hint)
            ?? sums.place(at: time(span), hint, CallSeries(kind, caller: caller(span, spot), callee: other))
        sums.tallies[place].count(isError: span.isError)
        guard span.record.duration != SpanBatch.absentTime else { return }
        sums.tallies[place].clientDurations.add(span.record.duration)
    }

    // MARK: Where traces fall apart

    private mutating func countUnjoined(_ place: Int, _ span: CallSpan) {
        var outer = place
        while calls.spots[outer].firstServer < 0, calls.spots[outer].innerCaller >= 0 {
            outer = Int(calls.spots[outer].innerCaller)
        }
        let server = Int(calls.spots[outer].firstServer)
        let callee = server >= 0 ? party(tree.spans[server]) : otherSide(tree.spans[outer])
        addSign(time(span), CallSeries(.unjoined, caller: party(span), callee: callee))
    }

    private mutating func countLonely() {
        guard let first = tree.spans.first(where: { $0.kind == .server || $0.kind == .client }),
            first.serviceName != 0, tree.spans.allSatisfy({ $0.serviceName == first.serviceName })
        else { return }
        addSign(trace.start, CallSeries(.lonely, callee: party(first)))
    }

    private mutating func addSign(_ time: Int64, _ series: CallSeries) {
        let place = sums.place(at: time, nil, series)
        sums.tallies[place].callCount += 1
        sums.tallies[place].signs.addExample(trace.traceID)
    }

    // MARK: Parties

    private func time(_ span: CallSpan) -> Int64 {
        span.record.start == SpanBatch.absentTime ? trace.start : span.record.start
    }

    private func party(_ span: CallSpan, operationName: UInt32 = 0) -> CallParty {
        CallParty(
            serviceName: span.site.serviceName, namespace: span.site.namespace, version: span.site.version,
            operationName: operationName)
    }

    private func caller(_ span: CallSpan, _ spot: TraceCalls.Spot) -> CallParty {
        party(span, operationName: spot.entry < 0 ? 0 : tree.spans[Int(spot.entry)].site.operationName)
    }

    /// Who a caller says that it calls.
    private func otherSide(_ span: CallSpan) -> CallParty {
        span.site.target != 0
            ? CallParty(serviceName: span.site.target, version: span.site.targetVersion)
            : CallParty(serviceName: span.site.remoteServiceName)
    }
}

/// What a trace's spans have in common.
struct TraceFacts {
    var traceID = TraceID(high: 0, low: 0)
    /// Start of the earliest span without a parent, else of the earliest of all.
    var start: Int64 = 0

    init() {}

    /// nil if no span has a start.
    init?(_ spans: [CallSpan]) {
        var (root, earliest) = (Int64.max, Int64.max)
        var hasStart = false
        for span in spans {
            traceID.low = span.record.traceIDLow
            traceID.high = max(traceID.high, span.record.traceIDHigh)
            guard span.record.start != SpanBatch.absentTime else { continue }
            hasStart = true
            earliest = min(earliest, span.record.start)
            if span.parentID == 0 { root = min(root, span.record.start) }
        }
        guard hasStart else { return nil }
        start = root == Int64.max ? earliest : root
    }
}
