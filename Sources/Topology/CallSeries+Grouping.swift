internal import TraceModel

extension CallSeries {
    /// What is left of the series for a graph of that grouping: series of which that is the same are one to it. Nil:
    /// the graph has no use for it.
    package func seen(by grouping: TopologyQuery.Grouping) -> CallSeries? {
        switch kind {
        case .link, .orphan, .unjoined, .lonely: return nil
        case .operation, .rpc, .messaging, .database, .mirrored, .retried, .oneSided: break
        }
        var seen = self
        if kind == .operation { seen.spanKind = isServedOperation ? .server : .local }
        seen.caller = caller.seen(by: grouping)
        seen.callee = callee.seen(by: grouping)
        return seen
    }

    /// Of operations: others call it.
    var isServedOperation: Bool { spanKind == .server || spanKind == .consumer }

    /// Whether a graph tells how long the calls took.
    package var hasDurationsInGraph: Bool { kind != .operation || isServedOperation && !isMirrored }
}

extension CallParty {
    fileprivate func seen(by grouping: TopologyQuery.Grouping) -> CallParty {
        CallParty(
            serviceName: serviceName, namespace: namespace, version: grouping == .version ? version : 0,
            operationName: grouping == .operation ? operationName : 0)
    }
}
