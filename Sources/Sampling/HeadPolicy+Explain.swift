internal import TraceModel

extension HeadPolicy {
    /// Of the rules in their order, and where none matches.
    var outcomes: [Outcome] { rules.map(\.outcome) + [other] }

    /// Which rule decides on each service's spans, and how. Spans that differ in nothing that rules ask for are one
    /// row.
    func explain(_ spans: [SpanView]) -> [SamplingExplanation.HeadRow] {
        var builder = SpanBatchBuilder()
        for span in spans { builder.append(span, samplingThreshold: 0) }
        let batch = builder.makeBatch()
        var decisions = HeadDecisions(self, outcomes: outcomes, batch)
        var rates = RateLimits()
        decisions.decide(&rates, now: 0)
        var rows: [(key: [String], row: SamplingExplanation.HeadRow)] = []
        for row in 0..<batch.spanCount {
            let rule = decisions.rule(ofRow: row, Int(batch.shapeColumn[row]))
            let threshold = decisions.threshold(ofRow: row).map { SamplingThreshold(rejected: $0) }
            let span = SpanView(batch: batch, row: row)
            let said = self.row(span, rule: rule, threshold)
            let key = [said.service ?? "", said.version ?? "", "\(rule)", said.outcome.rawValue]
            if let place = rows.firstIndex(where: { $0.key == key }) {
                rows[place].row.spanCount = (rows[place].row.spanCount ?? 0) + 1
                if rows[place].row.operation != said.operation { rows[place].row.operation = nil }
            } else {
                rows.append((key, said))
            }
        }
        return rows.map(\.row)
    }

    /// - Parameter threshold: what was decided; nil if the span is left out.
    private func row(
        _ span: SpanView, rule: Int, _ threshold: SamplingThreshold?
    ) -> SamplingExplanation.HeadRow {
        let words = OriginColumns(span.shape, span.batch).words(ofRow: span.row, span.batch)
        let version = String(decoding: OriginColumns.version(words, span.batch), as: UTF8.self)
        let randomness = TailTrace([span]).randomness
        var row = explain(rule: rule, randomness)
        row.service = String(decoding: span.serviceName, as: UTF8.self)
        row.version = version.isEmpty ? nil : version
        row.operation = String(decoding: span.operationName, as: UTF8.self)
        row.spanCount = 1
        if let threshold, isForced(span) {
            (row.outcome, row.probability) = (.kept, threshold.probability)
            row.reason = "the sender asks to keep it: a debug flag, or sampling.priority"
        } else if row.outcome != .depends {
            // The decision itself, which counts what the sender left out too.
            row.outcome = threshold == nil ? .leftOut : .kept
        }
        return row
    }

    private func isForced(_ span: SpanView) -> Bool { TailTrace([span]).isForced }

    /// What each rule would decide of a trace of which nothing but the randomness is known.
    func explainID(_ randomness: UInt64) -> [SamplingExplanation.HeadRow] {
        (0...rules.count).map { explain(rule: $0, randomness) }
    }

    private func explain(rule: Int, _ randomness: UInt64) -> SamplingExplanation.HeadRow {
        let outcome = rule < rules.count ? rules[rule].outcome : other
        let least = ExplanationText.percent(SamplingThreshold(rejected: randomness))
        switch outcome {
        case .part(let threshold):
            let isKept = threshold.keeps(randomness)
            let percent = ExplanationText.percent(threshold)
            return SamplingExplanation.HeadRow(
                rule: ruleNames[rule], probability: threshold.probability, outcome: isKept ? .kept : .leftOut,
                reason: "\(percent) are kept; this trace is among them from \(least) on")
        case .rate(let perSecond, let isPerService):
            let rate = ExplanationText.number(perSecond) + " traces a second" + (isPerService ? " of each service" : "")
            return SamplingExplanation.HeadRow(
                rule: ruleNames[rule], outcome: .depends,
                reason: "\(rate) are kept: this trace is among them if that was \(least) or more of what came")
        }
    }
}
