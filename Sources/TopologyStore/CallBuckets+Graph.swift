internal import Catalog
internal import Topology
internal import TraceModel

extension CallBuckets {
    /// Counts at hand, of all series together, for a sum: 32 MiB.
    private static let countCountMax = 4 << 20
    /// Memory of a sum that is kept for the next.
    private static let keptByteCountMax = 12 << 20
    /// Buckets of more series are not made ready for graphs before somebody asks.
    private static let shownCountMax = 20_000
    /// Buckets that are added up at once.
    private static let byteCountAtOnce = 16 << 20

    /// The graph of a window, with what is not settled; without the query's focus.
    ///
    /// - Parameters:
    ///   - query: its window is whole buckets.
    ///   - unsettled: numbers of the same names as the buckets.
    /// - Returns: nil if there are so many series, with such different durations, that this would take too much memory.
    func graph(
        _ query: TopologyQuery, _ unsettled: ProvisionalCalls, _ names: CallNames
    ) throws(CatalogError) -> TopologyGraph? {
        let view = view(SeriesView.Kind(query.grouping))
        defer { if totals.byteCount > Self.keptByteCountMax { totals = DenseTotals() } }
        guard begin(view) else { return nil }
        var buckets: [SeenBucket] = []
        var byteCount = 0
        for (span, start) in pieces(of: query.window) {
            guard let bucket = try seen(span, start, view) else { continue }
            buckets.append(bucket)
            byteCount += bucket.byteCount
            if byteCount > Self.byteCountAtOnce {
                buckets = [sum(buckets, view)].compactMap { $0 }
                byteCount = 0
            }
        }
        for (minute, bucket) in self.unsettled(unsettled, view) where query.window.contains(minute) {
            buckets.append(bucket)
        }
        guard add(buckets, view) else { return nil }
        view.maker.take(view.series, names)
        return view.maker.graph(totals, names, query.window)
    }

    /// The view as of now.
    private func view(_ kind: SeriesView.Kind) -> SeriesView {
        let view = views[kind] ?? SeriesView(kind)
        views[kind] = view
        if !view.update(table) { cache.remove { $0.view == kind } }
        return view
    }

    // MARK: Changes

    /// Makes the views that are kept those of all series; that by service, which is asked for first, is always kept.
    func updateViews() {
        _ = view(.service)
        for kind in views.keys { _ = view(kind) }
    }

    /// Makes a new bucket ready for graphs: now that it is at hand this costs little.
    func show(_ bucket: CallBucket, _ span: BucketSpan, _ start: Int64) {
        guard bucket.count <= Self.shownCountMax else { return }
        for view in views.values {
            if let seen = seen(bucket, view) { cache.put(seen, span.key(start, view.kind)) }
        }
    }

    // MARK: Sums

    /// Begins a sum of what a view sees.
    /// - Returns: false if that takes too much memory. Then it does from now on.
    private func begin(_ view: SeriesView) -> Bool {
        view.bounds.grow(toSeries: view.series.count)
        view.bounds.place()
        guard view.bounds.countCount <= Self.countCountMax else { return false }
        totals.begin(view.bounds)
        return true
    }

    private func add(_ buckets: [SeenBucket], _ view: SeriesView) -> Bool {
        guard begin(view) else { return false }
        for bucket in buckets { bucket.add(to: totals) }
        return true
    }

    private func sum(_ buckets: [SeenBucket], _ view: SeriesView) -> SeenBucket? {
        add(buckets, view) ? SeenBucket(totals, seriesCount: view.series.count) : nil
    }

    // MARK: Buckets

    /// The bucket as the view sees it; nil also if that takes too much memory.
    private func seen(
        _ span: BucketSpan, _ start: Int64, _ view: SeriesView
    ) throws(CatalogError) -> SeenBucket? {
        let key = span.key(start, view.kind)
        if let bucket = cache.seen(key) { return bucket }
        var seen: SeenBucket?
        if span.isDerived {
            var buckets: [SeenBucket] = []
            for start in starts[span.level.index].within(start..<start + span.nanoseconds) {
                // Not kept: what is derived of them takes their place.
                if let bucket = cache.seen(BucketSpan(span.level).key(start, view.kind)) {
                    buckets.append(bucket)
                } else if let bucket = try read(span.level, start, view) {
                    buckets.append(bucket)
                }
            }
            seen = sum(buckets, view)
        } else {
            seen = try read(span.level, start, view)
        }
        if let seen { cache.put(seen, key) }
        return seen
    }

    private func read(
        _ level: TopologyChange.Level, _ start: Int64, _ view: SeriesView
    ) throws(CatalogError) -> SeenBucket? {
        guard starts[level.index].has(start) else { return nil }
        var bucket = cache.bucket(BucketSpan(level).key(start))
        if bucket == nil { bucket = try read(level, start) }
        return bucket.flatMap { seen($0, view) }
    }

    /// The bucket as the view sees it; nil if that takes too much memory.
    private func seen(_ bucket: CallBucket, _ view: SeriesView) -> SeenBucket? {
        view.bounds.grow(toSeries: view.series.count)
        bucket.widen(&view.bounds, view.targets)
        guard begin(view) else { return nil }
        bucket.add(to: totals, view.targets)
        return SeenBucket(totals, seriesCount: view.series.count)
    }

    /// What is not settled as the view sees it, by minute.
    private func unsettled(_ calls: ProvisionalCalls, _ view: SeriesView) -> [Int64: SeenBucket] {
        if let known = view.provisional, known.stamp == calls.stamp { return known.buckets }
        var buckets: [Int64: SeenBucket] = [:]
        for (minute, series) in calls.buckets {
            var numbered: [(target: Int, totals: CallTotals)] = []
            for (series, totals) in series {
                let target = view.number(of: series)
                guard target != 0 else { continue }
                let number = Int(target & ~CallBucket.withoutDurations)
                var totals = totals
                if number != target {
                    (totals.clientDurations, totals.serverDurations) = (DurationSketch(), DurationSketch())
                }
                numbered.append((number, totals))
            }
            view.bounds.grow(toSeries: view.series.count)
            for (number, totals) in numbered {
                view.bounds.take(2 * number, totals.clientDurations)
                view.bounds.take(2 * number + 1, totals.serverDurations)
            }
            guard begin(view) else { return [:] }
            for (number, totals) in numbered { self.totals.add(totals, to: number) }
            buckets[minute] = SeenBucket(totals, seriesCount: view.series.count)
        }
        view.provisional = (calls.stamp, buckets)
        return buckets
    }
}
