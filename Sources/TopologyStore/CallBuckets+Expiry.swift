package import Catalog

extension CallBuckets {
    /// Removes the buckets that are older than their level is kept, then the series that no bucket has any more.
    ///
    /// Does nothing while a change is underway. Cheap when there is nothing to remove.
    /// - Parameter now: nanoseconds since 1970.
    /// - Returns: how many buckets went.
    @discardableResult
    package func expire(now: Int64) throws(CatalogError) -> Int {
        if isChangeUnderway { return 0 }
        var cuts: [TopologyChange.Level: Int64] = [:]
        for (level, cut) in self.cuts(now: now).reversed() {
            // A level goes on where the next longer one stops being all there is, also when it has nothing to remove:
            // else what comes late would stand in short buckets before that, and windows would end at them.
            let isDue = starts[level.index].first.map { $0 < cut } ?? false
            if isDue || !cuts.isEmpty { cuts[level] = cut }
        }
        if cuts.isEmpty { return 0 }
        var unused: [UInt32] = []
        if let cut = cuts[.day] {
            try findLatestDays(since: cut)
            unused = table.unused(since: cut)
        }
        try catalog.removeTopology(before: cuts, seriesIDs: unused.map { Int64($0) })
        for id in unused { table.remove(id) }
        var count = 0
        for (level, cut) in cuts {
            let place = starts[level.index].place(of: cut)
            starts[level.index].removeFirst(place)
            count += place
            keptFrom[level] = max(cut, keptFrom[level] ?? cut)
        }
        cache.remove { key in
            guard let span = BucketSpan.all.first(where: { $0.length == key.length }) else { return true }
            return cuts[span.level].map { key.start < $0 } ?? false
        }
        return count
    }

    /// Before when buckets of each level go: multiples of the next longer level, so that its buckets go on where these
    /// begin. No level goes before a shorter one.
    private func cuts(now: Int64) -> [(level: TopologyChange.Level, cut: Int64)] {
        let retentions = [
            options.minuteRetention, options.tenMinutesRetention, options.hourRetention, options.dayRetention,
        ]
        var longest: Double = 0
        return TopologyChange.Level.allCases.map { level in
            longest = max(longest, retentions[level.index])
            let kept = Int64(exactly: (longest * 1e9).rounded()) ?? TimeSteps.timeMax
            let (cut, overflows) = now.subtractingReportingOverflow(max(0, kept))
            let longer = TopologyChange.Level.allCases[min(level.index + 1, TopologyChange.Level.day.index)]
            return (level, longer.start(of: overflows ? -TimeSteps.timeMax : cut))
        }
    }

    /// Finds out when each series was counted last, as far as that was in a day that stays.
    private func findLatestDays(since cut: Int64) throws(CatalogError) {
        let days = starts[TopologyChange.Level.day.index]
        for day in days.within(cut..<Int64.max).reversed() {
            if table.unknownCount == 0 { return }
            // In the place of a damaged bucket stand the shorter ones of its time.
            guard let bucket = try read(.day, day) else { continue }
            // Later days, if any, were asked already.
            for id in bucket.ids { table.use(id, onDay: day, isLatest: true) }
        }
    }
}
