extension DependencyLink {
    /// The links among series, by parent, then child.
    public static func links(of series: [CallSeries: CallTotals], _ names: CallNames) -> [DependencyLink] {
        var links: [DependencyLink] = []
        for (series, totals) in series where series.kind == .link {
            links.append(
                DependencyLink(
                    parent: names.text(series.caller.serviceName), child: names.text(series.callee.serviceName),
                    callCount: totals.callCount, errorCount: totals.errorCount))
        }
        return links.sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }
}
