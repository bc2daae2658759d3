internal import Topology

/// What was counted for good since the process began.
struct SettledTotals: Sendable {
    private var table: SeriesTable
    private var totals: [UInt32: CallTotals] = [:]

    /// Series that are told apart: each may take a kilobyte.
    static let seriesCountMax = 10_000

    /// - Parameter names: those that all series are numbers of.
    init(_ options: TopologyOptions, _ names: inout CallNames) {
        table = SeriesTable(limit: min(options.seriesCountMax, Self.seriesCountMax), names: &names)
    }

    mutating func add(_ series: CallSeries, _ counted: CallTotals) {
        totals[table.id(of: series).id, default: CallTotals()].merge(counted)
    }

    /// The same with other numbers.
    func renamed(_ options: TopologyOptions, from old: CallNames, to names: inout CallNames) -> SettledTotals {
        var renamed = SettledTotals(options, &names)
        forEach { series, totals in renamed.add(series.renamed(from: old, to: &names), totals) }
        return renamed
    }

    func forEach(_ body: (CallSeries, CallTotals) -> Void) {
        for (id, totals) in totals {
            if let series = table.series[Int(id)] { body(series, totals) }
        }
    }
}

extension CallSeries {
    fileprivate func renamed(from old: CallNames, to names: inout CallNames) -> CallSeries {
        var series = self
        series.caller = caller.renamed(from: old, to: &names)
        series.callee = callee.renamed(from: old, to: &names)
        return series
    }
}

extension CallParty {
    fileprivate func renamed(from old: CallNames, to names: inout CallNames) -> CallParty {
        CallParty(
            serviceName: names.number(of: old.text(serviceName)), namespace: names.number(of: old.text(namespace)),
            version: names.number(of: old.text(version)), operationName: names.number(of: old.text(operationName)))
    }
}

extension CallSite {
    func renamed(from old: CallNames, to names: inout CallNames) -> CallSite {
        func number(_ name: UInt32) -> UInt32 { names.number(of: old.text(name)) }
        return CallSite(
            serviceName: number(serviceName), namespace: number(namespace), version: number(version),
            operationName: number(operationName), remoteServiceName: number(remoteServiceName),
            target: number(target), targetVersion: number(targetVersion), traits: traits)
    }
}
