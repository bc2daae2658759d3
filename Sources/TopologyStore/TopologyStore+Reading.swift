public import Catalog
public import Topology
internal import TraceModel

extension TopologyStore {
    /// Who calls whom in a window of time.
    public func graph(_ query: TopologyQuery, unsealed: [UnsealedBatches]) throws(CatalogError) -> TopologyGraph {
        var query = query
        let (found, names) = try atOneTime(unsealed) { buckets, provisional throws(CatalogError) in
            query.window = buckets.widened(query.window)
            if let graph = graphs.graph(query, provisional.stamp) {
                return Found(graph: graph, stamp: provisional.stamp)
            }
            if let graph = try buckets.graph(query, provisional, withState { $0.names }) {
                return Found(whole: graph, stamp: provisional.stamp)
            }
            let sum = try Self.sum(buckets, provisional, within: query.window) { $0.seen(by: query.grouping) != nil }
            return Found(sum: sum, stamp: provisional.stamp)
        }
        if let graph = found.graph { return graph }
        var graph: TopologyGraph
        if let whole = found.whole {
            graph = whole
            graph.finish(query)
        } else {
            graph = TopologyGraph(
                series: found.sum?.series ?? [:], names: names, query: query, window: query.window)
        }
        try withBuckets { _, epoch throws(CatalogError) in
            if epoch == found.stamp.epoch { graphs.put(graph, query, found.stamp) }
        }
        return graph
    }

    /// A graph, or what to make it of.
    private struct Found {
        var graph: TopologyGraph?
        /// Without the query's focus.
        var whole: TopologyGraph?
        var sum: CallBuckets.Sum?
        var stamp: GraphCache.Stamp
    }

    /// Who calls whom by Zipkin's rules; by parent, then child.
    public func links(
        within window: Range<Int64>, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> [DependencyLink] {
        let counted = try counted(within: window, unsealed: unsealed) { $0.kind == .link }
        return DependencyLink.links(of: counted.series, counted.names)
    }

    /// Where traces fall apart.
    public func propagation(
        within window: Range<Int64>, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> PropagationReport {
        let counted = try counted(within: window, unsealed: unsealed) { $0.kind != .link }
        return PropagationReport(series: counted.series, names: counted.names, window: counted.window)
    }

    /// How operations fared in the steps of a level that start within a window; by service, then operation. Steps that
    /// are no longer kept are left out.
    public func operations(
        within window: Range<Int64>, level: TopologyChange.Level, unsealed: [UnsealedBatches]
    ) throws(CatalogError) -> [OperationTotals] {
        let (steps, names) = try atOneTime(unsealed) { buckets, provisional throws(CatalogError) in
            var steps: [Int64: [CallSeries: CallTotals]] = [:]
            for step in try buckets.steps(window: window, level: level, isIncluded: { $0.kind == .operation }) {
                steps[step.window.lowerBound] = step.series
            }
            let first = max(window.lowerBound, buckets.keptFrom(level) ?? .min)
            for (minute, series) in provisional.buckets {
                let start = level.start(of: minute)
                guard start >= first, start < window.upperBound else { continue }
                for (series, totals) in series where series.kind == .operation {
                    steps[start, default: [:]][series, default: CallTotals()].merge(totals)
                }
            }
            return steps
        }
        return Self.operations(steps, names)
    }

    private static func operations(
        _ steps: [Int64: [CallSeries: CallTotals]], _ names: CallNames
    ) -> [OperationTotals] {
        var operations: [CallSeries: [OperationTotals.Step]] = [:]
        for (start, series) in steps.sorted(by: { $0.key < $1.key }) {
            for (series, totals) in series {
                operations[series, default: []].append(
                    OperationTotals.Step(
                        start: start, callCount: totals.callCount, errorCount: totals.errorCount,
                        durations: totals.clientDurations))
            }
        }
        return operations.map { series, steps in
            OperationTotals(
                serviceName: names.text(series.callee.serviceName), namespace: names.text(series.callee.namespace),
                version: names.text(series.callee.version), operationName: names.text(series.callee.operationName),
                spanKind: series.spanKind, isMirrored: series.isMirrored, steps: steps)
        }.sorted { a, b in
            if (a.serviceName, a.operationName) != (b.serviceName, b.operationName) {
                return (a.serviceName, a.operationName) < (b.serviceName, b.operationName)
            }
            if (a.namespace, a.version) != (b.namespace, b.version) {
                return (a.namespace, a.version) < (b.namespace, b.version)
            }
            return (a.spanKind.rawValue, a.isMirrored ? 1 : 0) < (b.spanKind.rawValue, b.isMirrored ? 1 : 0)
        }
    }

    // MARK: Sums

    /// What series counted in a window, settled or not, and the window widened to whole buckets.
    func counted(
        within window: Range<Int64>, unsealed: [UnsealedBatches], _ isIncluded: @escaping (CallSeries) -> Bool
    ) throws(CatalogError) -> (series: [CallSeries: CallTotals], window: Range<Int64>, names: CallNames) {
        let (sum, names) = try atOneTime(unsealed) { buckets, provisional throws(CatalogError) in
            try Self.sum(buckets, provisional, within: window, isIncluded)
        }
        return (sum.series, sum.window, names)
    }

    private static func sum(
        _ buckets: CallBuckets, _ provisional: ProvisionalCalls, within window: Range<Int64>,
        _ isIncluded: @escaping (CallSeries) -> Bool
    ) throws(CatalogError) -> CallBuckets.Sum {
        var sum = try buckets.sum(window: window, isIncluded: isIncluded)
        for (minute, series) in provisional.buckets where sum.window.contains(minute) {
            for (series, totals) in series where isIncluded(series) {
                sum.series[series, default: CallTotals()].merge(totals)
            }
        }
        return sum
    }

    /// Calls `body` with what is settled and what is not, each call in one of the two.
    private func atOneTime<Result>(
        _ unsealed: [UnsealedBatches],
        _ body: (CallBuckets, ProvisionalCalls) throws(CatalogError) -> Result
    ) throws(CatalogError) -> (Result, CallNames) {
        while true {
            let provisional = provisionalCalls(unsealed)
            let result = try withBuckets { buckets, epoch throws(CatalogError) -> (Result, CallNames)? in
                guard epoch == provisional.epoch else { return nil }
                return (try body(buckets, provisional), withState { $0.names })
            }
            if let result { return result }
        }
    }
}
