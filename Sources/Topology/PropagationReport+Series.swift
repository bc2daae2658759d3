internal import TraceModel

extension PropagationReport {
    /// Finds the services that do not hand on what they were called with, in what was counted.
    ///
    /// A service is found by its calls if it is called itself and a tenth of its calls, or more, begin traces; by
    /// missing parents if a hundredth of its spans, by traces without company if half of its requests show it.
    /// - Parameter window: the time that the series are of, nanoseconds since 1970.
    public init(series: [CallSeries: CallTotals], names: CallNames, window: Range<Int64>) {
        let findings = PropagationSearch(series, names).findings
        self.init(
            window: window,
            findings: findings.sorted { a, b in
                if a.count != b.count { return a.count > b.count }
                if a.problem != b.problem { return a.problem.rawValue < b.problem.rawValue }
                return (a.serviceName, a.version, a.peerName, a.peerVersion)
                    < (b.serviceName, b.version, b.peerName, b.peerVersion)
            })
    }
}

/// Sums by service and version, and what they show.
struct PropagationSearch {
    private struct Party: Hashable {
        var serviceName: UInt32
        var version: UInt32

        init(_ party: CallParty) { (serviceName, version) = (party.serviceName, party.version) }
    }

    private struct Pair: Hashable {
        var caller: Party
        var callee: Party
    }

    private let names: CallNames
    private var spanCounts: [Party: Int] = [:]
    private var servedCounts: [Party: Int] = [:]
    private var callCounts: [Party: Int] = [:]
    private var pairCallCounts: [Pair: Int] = [:]
    /// Services, whatever their version, that are called.
    private var called: Set<UInt32> = []
    private var unjoined: [Pair: CallTotals] = [:]
    private var unjoinedCounts: [Party: Int] = [:]
    private var orphans: [Party: CallTotals] = [:]
    private var lonely: [Party: CallTotals] = [:]

    private static let unjoinedShareMin = 0.1
    private static let orphanShareMin = 0.01
    private static let lonelyShareMin = 0.5

    init(_ series: [CallSeries: CallTotals], _ names: CallNames) {
        self.names = names
        for (series, totals) in series {
            let (caller, callee) = (Party(series.caller), Party(series.callee))
            let pair = Pair(caller: caller, callee: callee)
            switch series.kind {
            case .operation:
                spanCounts[callee, default: 0] += totals.callCount
                guard series.spanKind == .server || series.spanKind == .consumer else { continue }
                servedCounts[callee, default: 0] += totals.callCount
                called.insert(callee.serviceName)
            case .rpc, .messaging, .database, .mirrored, .oneSided:
                callCounts[caller, default: 0] += totals.callCount
                pairCallCounts[pair, default: 0] += totals.callCount
            case .unjoined:
                unjoinedCounts[caller, default: 0] += totals.callCount
                unjoined[pair, default: CallTotals()].merge(totals)
            case .orphan: orphans[callee, default: CallTotals()].merge(totals)
            case .lonely: lonely[callee, default: CallTotals()].merge(totals)
            case .retried, .link: break
            }
        }
    }

    var findings: [PropagationReport.Finding] { unjoinedCalls + missingParents + lonelyTraces }

    private func share(_ count: Int, of total: Int) -> Double { Double(count) / Double(max(count, total, 1)) }

    private func finding(
        _ problem: PropagationReport.Finding.Problem, _ party: Party, _ peer: Party? = nil, _ totals: CallTotals,
        of total: Int, _ advice: String
    ) -> PropagationReport.Finding {
        PropagationReport.Finding(
            problem: problem, serviceName: names.text(party.serviceName), version: names.text(party.version),
            peerName: peer.map { names.text($0.serviceName) } ?? "",
            peerVersion: peer.map { names.text($0.version) } ?? "", count: totals.callCount,
            total: max(total, totals.callCount),
            examples: totals.examples.map { Hex.string($0.high) + Hex.string($0.low) },
            advice: advice)
    }

    private var unjoinedCalls: [PropagationReport.Finding] {
        unjoined.compactMap { pair, totals in
            let caller = pair.caller
            guard called.contains(caller.serviceName),
                share(unjoinedCounts[caller] ?? 0, of: callCounts[caller] ?? 0) >= Self.unjoinedShareMin
            else { return nil }
            let name = names.text(caller.serviceName)
            return finding(
                .unjoinedCalls, caller, pair.callee, totals, of: pairCallCounts[pair] ?? 0,
                "\(name) is called, but its own calls begin new traces: it does not hand on the tracing headers. "
                    + "Copy traceparent, tracestate and b3 or x-b3-* (and x-request-id) from each request to the calls "
                    + "made for it, or use a tracing library that does.")
        }
    }

    private var missingParents: [PropagationReport.Finding] {
        orphans.compactMap { party, totals in
            let spanCount = spanCounts[party] ?? 0
            guard share(totals.callCount, of: spanCount) >= Self.orphanShareMin else { return nil }
            let name = names.text(party.serviceName)
            return finding(
                .missingParents, party, nil, totals, of: spanCount,
                "Spans of \(name) name parents that never came: whoever calls it sends its spans elsewhere or not at "
                    + "all, samples otherwise, or a proxy between them stopped before it sent them.")
        }
    }

    private var lonelyTraces: [PropagationReport.Finding] {
        lonely.compactMap { party, totals in
            let servedCount = servedCounts[party] ?? 0
            let total = servedCount > 0 ? servedCount : spanCounts[party] ?? 0
            guard share(totals.callCount, of: total) >= Self.lonelyShareMin else { return nil }
            let name = names.text(party.serviceName)
            return finding(
                .lonelyTraces, party, nil, totals, of: total,
                "Traces of \(name) have spans of nobody else. Of a service that is asked from outside and calls "
                    + "nobody this is as it should be; otherwise its callers do not hand on the tracing headers, or "
                    + "it does not take them."
            )
        }
    }
}
