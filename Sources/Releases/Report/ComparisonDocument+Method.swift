internal import Terminal

extension ComparisonDocument {
    mutating func addMethod() {
        document.heading("How these figures were made")
        var items: [[Inline]] = []
        items.append([
            .text(
                report.isExact
                    ? "Exact: every request that arrived was counted, whether sampling stored it or not."
                    : "Estimated: of the requests that sampling stored, each counts for as many as it stands for "
                        + "(Horvitz and Thompson, 1952), and intervals are as wide as that leaves them.")
        ])
        if let thresholds = report.thresholds {
            let (errors, latency) = (thresholds.errors, thresholds.latency)
            items.append([
                .text(
                    "What matters: \(ReportText.percent(errors)) more of all requests failing, and durations "
                        + "\(ReportText.percent(latency)) longer (by at least "
                        + "\(NumberText.duration(thresholds.latencyMin))).")
            ])
        }
        items += [
            [
                .text(
                    "Shares of errors: test and intervals from the ratio of a beta mixture's likelihood to that of the "
                        + "claim, which hold at all looks together (Robbins, 1970; Howard, Ramdas, McAuliffe, Sekhon, "
                        + "2021).")
            ],
            [
                .text(
                    "Quantiles: the same for the number of durations that are not longer, whatever the distribution "
                        + "(Howard, Ramdas, 2022). Durations are counted in bins 2 % wide.")
            ],
            [
                .text(
                    "All operations together: as if both versions had been asked for the same mix of them (weights of "
                        + "Cochran, 1954; Mantel, Haenszel, 1959).")
            ],
            [
                .text(
                    "Many operations and measures: Holm's method, half of the allowed error for all together and half "
                        + "for them one by one. “Same” means that the true difference is shown to be less than what "
                        + "matters.")
            ],
            [
                .text(
                    "The part of requests that takes longer: ranks of both versions' durations, as in the test of Mann "
                        + "and Whitney; for one look.")
            ],
        ]
        document.list(items)
        document.paragraph(
            .text(
                "Taken for granted: it is by chance which version gets a request. Versions that served at different "
                    + "times, or different users, may differ for that reason alone."))
    }
}
