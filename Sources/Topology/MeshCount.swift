internal import TraceModel

/// Counts one trace by a mesh's rules: calls, operations, and where the trace falls apart.
struct MeshCount {
    let tree: CallTree
    let calls: TraceCalls
    let names: CallNames
    let trace: TraceFacts

    func count(into sums: inout SeriesSums) {
        for place in tree.spans.indices {
            let span = tree.spans[place]
            countOperation(span, isMirrored: calls.isMirrored[place], &sums)
            if span.isCallee {
                countAnswer(place, span, &sums)
            } else if span.isCaller {
                if !calls.hasAnswer[place], calls.innerCallers[place] < 0 { countOneSided(place, span, &sums) }
                if span.parentID == 0 { countUnjoined(place, span, &sums) }
            }
            if span.parentID != 0, calls.parents[place] < 0, tree.namedParents[place] < 0 {
                addSign(time(span), CallSeries(.orphan, callee: party(span)), &sums)
            }
        }
        countLonely(&sums)
    }

    // MARK: Operations

    private func countOperation(_ span: CallSpan, isMirrored: Bool, _ sums: inout SeriesSums) {
        let series = CallSeries(
            .operation, callee: party(span, operationName: span.site.operationName), spanKind: span.kind,
            isMirrored: isMirrored)
        sums.add(time(span), series) { totals in
            totals.callCount += 1
            if span.isError { totals.errorCount += 1 }
            if span.record.duration != SpanBatch.absentTime { totals.clientDurations.add(span.record.duration) }
        }
    }

    // MARK: Calls

    private func countAnswer(_ place: Int, _ span: CallSpan, _ sums: inout SeriesSums) {
        let parentPlace = Int(calls.parents[place])
        var kind: CallSeries.Kind = span.kind == .server ? .rpc : .messaging
        let callee = party(span, operationName: span.site.operationName)
        guard parentPlace >= 0 else {
            // The caller sends no spans, but the callee knows its name.
            guard span.site.remoteServiceName != 0 else { return }
            let caller = CallParty(serviceName: span.site.remoteServiceName)
            return addCall(CallSeries(kind, caller: caller, callee: callee), span, clientDuration: nil, &sums)
        }
        let parent = tree.spans[parentPlace]
        guard isCall(from: parent, to: span) else { return }
        let isRetried =
            span.kind == .server && parent.kind == .client && calls.firstServers[parentPlace] != Int32(place)
        if isRetried { kind = .retried }
        if calls.isMirrored[place] { kind = .mirrored }
        // How long the client waited is told once.
        let hasDuration =
            parent.isCaller && !isRetried && parent.record.duration != SpanBatch.absentTime
        addCall(
            CallSeries(kind, caller: caller(parentPlace, parent), callee: callee), span,
            clientDuration: hasDuration ? parent.record.duration : nil, &sums)
    }

    /// An application below its own sidecar was not called once more.
    private func isCall(from parent: CallSpan, to span: CallSpan) -> Bool {
        if parent.isCaller { return true }
        if parent.serviceName == span.serviceName { return false }
        return !(parent.kind == .server && names.isSameService(parent.site, span.site))
    }

    private func addCall(
        _ series: CallSeries, _ span: CallSpan, clientDuration: Int64?, _ sums: inout SeriesSums
    ) {
        sums.add(time(span), series) { totals in
            totals.callCount += 1
            if span.isError { totals.errorCount += 1 }
            if let clientDuration { totals.clientDurations.add(clientDuration) }
            if span.record.duration != SpanBatch.absentTime { totals.serverDurations.add(span.record.duration) }
        }
    }

    private func countOneSided(_ place: Int, _ span: CallSpan, _ sums: inout SeriesSums) {
        let other = otherSide(span)
        guard other.serviceName != 0 else { return }
        let kind: CallSeries.Kind =
            if calls.isMirrored[place] {
                .mirrored
            } else if span.kind == .producer || span.site.traits.isMessaging {
                .messaging
            } else {
                span.site.traits.isDatabase ? .database : .oneSided
            }
        sums.add(time(span), CallSeries(kind, caller: caller(place, span), callee: other)) { totals in
            totals.callCount += 1
            if span.isError { totals.errorCount += 1 }
            if span.record.duration != SpanBatch.absentTime { totals.clientDurations.add(span.record.duration) }
        }
    }

    // MARK: Where traces fall apart

    private func countUnjoined(_ place: Int, _ span: CallSpan, _ sums: inout SeriesSums) {
        var outer = place
        while calls.firstServers[outer] < 0, calls.innerCallers[outer] >= 0 { outer = Int(calls.innerCallers[outer]) }
        let server = Int(calls.firstServers[outer])
        let callee = server >= 0 ? party(tree.spans[server]) : otherSide(tree.spans[outer])
        addSign(time(span), CallSeries(.unjoined, caller: party(span), callee: callee), &sums)
    }

    private func countLonely(_ sums: inout SeriesSums) {
        guard let first = tree.spans.first(where: { $0.kind == .server || $0.kind == .client }),
            first.serviceName != 0, tree.spans.allSatisfy({ $0.serviceName == first.serviceName })
        else { return }
        addSign(trace.start, CallSeries(.lonely, callee: party(first)), &sums)
    }

    private func addSign(_ time: Int64, _ series: CallSeries, _ sums: inout SeriesSums) {
        sums.add(time, series) { totals in
            totals.callCount += 1
            totals.addExample(trace.traceID)
        }
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

    private func caller(_ place: Int, _ span: CallSpan) -> CallParty {
        let entry = Int(calls.entries[place])
        return party(span, operationName: entry < 0 ? 0 : tree.spans[entry].site.operationName)
    }

    /// Who a caller says that it calls.
    private func otherSide(_ span: CallSpan) -> CallParty {
        span.site.target != 0
            ? CallParty(serviceName: span.site.target, version: span.site.targetVersion)
            : CallParty(serviceName: span.site.remoteServiceName)
    }
}
