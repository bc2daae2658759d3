extension TopologyGraph {
    public init(
        series: [CallSeries: CallTotals], names: CallNames, query: TopologyQuery, window: Range<Int64>
    ) {
        self.init(window: window, grouping: query.grouping, nodes: [], edges: [])
    }
}
