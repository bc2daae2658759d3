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

    func forEach(_ body: (CallSeries, CallTotals) -> Void) {
        for (id, totals) in totals {
            if let series = table.series[Int(id)] { body(series, totals) }
        }
    }
}

extension NamedTotals {
    init(_ series: CallSeries, _ totals: CallTotals, _ names: CallNames) {
        func party(_ party: CallParty) -> Party {
            Party(
                serviceName: names.text(party.serviceName), namespace: names.text(party.namespace),
                version: names.text(party.version), operationName: names.text(party.operationName))
        }
        self.init(
            kind: series.kind, spanKind: series.spanKind, isMirrored: series.isMirrored, caller: party(series.caller),
            callee: party(series.callee), totals: totals)
    }
}
