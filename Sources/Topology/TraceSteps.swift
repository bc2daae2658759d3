internal import TraceModel

/// What a trace adds to one series.
struct CountStep: Sendable {
    let series: CallSeries
    /// The place of the span in whose minute it counts; -1: in that of the trace.
    let timePlace: Int32
    /// The places of the spans whose durations the caller and the callee saw; -1: none.
    var clientPlace = CallTree.none
    var serverPlace = CallTree.none
    var isError = false
    /// It shows where the trace falls apart, and the trace is an example of it.
    var isSign = false
}

/// Works out what traces add to series, one by one: links by Zipkin's rules; by a mesh's rules calls, operations, and
/// where a trace falls apart.
struct TraceSteps: Sendable {
    // Of the trace at hand.
    private var tree = CallTree()
    private var calls = TraceCalls()
    private(set) var steps: [CountStep] = []
    /// Whether the order of span IDs made a difference.
    private(set) var dependsOnIDs = false

    /// The spans that the places of the steps are places of.
    var spans: [CallSpan] { tree.spans }

    /// - Parameter records: of one trace, sorted by `CallOrder`.
    mutating func examine(
        _ records: UnsafeBufferPointer<CallRecord>, _ sites: UnsafeBufferPointer<CallSite>, _ names: CallNames
    ) {
        steps.removeAll(keepingCapacity: true)
        tree.build(records, sites, names)
        addLinks()
        calls.examine(tree, names)
        dependsOnIDs = calls.dependsOnIDs
        for place in tree.spans.indices {
            let (span, spot) = (tree.spans[place], calls.spots[place])
            addOperation(place, span, isMirrored: spot.isMirrored)
            if span.isCallee {
                addAnswer(place, span, spot, names)
            } else if span.isCaller {
                if !spot.hasAnswer, spot.innerCaller < 0 { addOneSided(place, span, spot) }
                if span.parentID == 0 { addUnjoined(place, span) }
            }
            if span.parentID != 0, spot.parent < 0, tree.namedParents[place] < 0 {
                addSign(place, CallSeries(.orphan, callee: party(span)))
            }
        }
        addLonely()
    }

    private mutating func addLinks() {
        tree.forEachLink { parent, child, isError in
            steps.append(
                CountStep(
                    series: CallSeries(
                        .link, caller: CallParty(serviceName: parent), callee: CallParty(serviceName: child)),
                    timePlace: CallTree.none, isError: isError))
        }
    }

    private mutating func addOperation(_ place: Int, _ span: CallSpan, isMirrored: Bool) {
        steps.append(
            CountStep(
                series: CallSeries(
                    .operation, callee: party(span, operationName: span.site.operationName), spanKind: span.kind,
                    isMirrored: isMirrored),
                timePlace: Int32(place), clientPlace: Int32(place), isError: span.isError))
    }

    // MARK: Calls

    private mutating func addAnswer(_ place: Int, _ span: CallSpan, _ spot: TraceCalls.Spot, _ names: CallNames) {
        let parentPlace = Int(spot.parent)
        var kind: CallSeries.Kind = span.kind == .server ? .rpc : .messaging
        let callee = party(span, operationName: span.site.operationName)
        guard parentPlace >= 0 else {
            // The caller sends no spans, but the callee knows its name.
            guard span.site.remoteServiceName != 0 else { return }
            let caller = CallParty(serviceName: span.site.remoteServiceName)
            return addCall(place, span, CallSeries(kind, caller: caller, callee: callee), clientPlace: nil)
        }
        let (parent, parentSpot) = (tree.spans[parentPlace], calls.spots[parentPlace])
        guard isCall(from: parent, to: span, names) else { return }
        let isRetried =
            span.kind == .server && parent.kind == .client && parentSpot.firstServer != Int32(place)
        if isRetried { kind = .retried }
        if spot.isMirrored { kind = .mirrored }
        // How long the client waited is told once.
        let clientPlace = parent.isCaller && !isRetried ? parentPlace : nil
        addCall(
            place, span, CallSeries(kind, caller: caller(parent, parentSpot), callee: callee), clientPlace: clientPlace)
    }

    /// An application below its own sidecar was not called once more.
    private func isCall(from parent: CallSpan, to span: CallSpan, _ names: CallNames) -> Bool {
        if parent.isCaller { return true }
        if parent.serviceName == span.serviceName { return false }
        return !(parent.kind == .server && names.isSameService(parent.site, span.site))
    }

    private mutating func addCall(_ place: Int, _ span: CallSpan, _ series: CallSeries, clientPlace: Int?) {
        steps.append(
            CountStep(
                series: series, timePlace: Int32(place), clientPlace: clientPlace.map { Int32($0) } ?? CallTree.none,
                serverPlace: Int32(place), isError: span.isError))
    }

    private mutating func addOneSided(_ place: Int, _ span: CallSpan, _ spot: TraceCalls.Spot) {
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
        steps.append(
            CountStep(
                series: CallSeries(kind, caller: caller(span, spot), callee: other), timePlace: Int32(place),
                clientPlace: Int32(place), isError: span.isError))
    }

    // MARK: Where traces fall apart

    private mutating func addUnjoined(_ place: Int, _ span: CallSpan) {
        var outer = place
        while calls.spots[outer].firstServer < 0, calls.spots[outer].innerCaller >= 0 {
            outer = Int(calls.spots[outer].innerCaller)
        }
        let server = Int(calls.spots[outer].firstServer)
        let callee = server >= 0 ? party(tree.spans[server]) : otherSide(tree.spans[outer])
        addSign(place, CallSeries(.unjoined, caller: party(span), callee: callee))
    }

    private mutating func addLonely() {
        guard let first = tree.spans.first(where: { $0.kind == .server || $0.kind == .client }),
            first.serviceName != 0, tree.spans.allSatisfy({ $0.serviceName == first.serviceName })
        else { return }
        if tree.spans.contains(where: { party($0) != party(first) }) { dependsOnIDs = true }
        addSign(Int(CallTree.none), CallSeries(.lonely, callee: party(first)))
    }

    private mutating func addSign(_ place: Int, _ series: CallSeries) {
        steps.append(CountStep(series: series, timePlace: Int32(place), isSign: true))
    }

    // MARK: Parties

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
