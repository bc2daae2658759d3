extension PropagationReport {
    public init(series: [CallSeries: CallTotals], names: CallNames, window: Range<Int64>) {
        self.init(window: window, findings: [])
    }
}
