internal import Catalog
internal import Topology

/// Series as a graph of one grouping sees them: those that it does not tell apart are one.
///
/// Buckets in this form are smaller than those of all series, so that more of them stay decoded, and fewer counts are
/// added up for an answer.
final class SeriesView {
    /// By number; no series has number 0.
    private(set) var series: [CallSeries] = []
    /// By the ID of a series: its number here, as `CallBucket.sum` takes it. 0: not part of a graph.
    private(set) var targets: [UInt32] = []
    private var numbers: [CallSeries: UInt32] = [:]
    let kind: Kind
    private var changeCount = -1
    private var removalCount = -1

    /// Of a series that did not exist.
    private static let unknown = UInt32.max

    enum Kind: UInt8, Hashable, Sendable {
        case service, version, namespace, operation

        init(_ grouping: TopologyQuery.Grouping) {
            switch grouping {
            case .service: self = .service
            case .version: self = .version
            case .namespace: self = .namespace
            case .operation: self = .operation
            }
        }

        var grouping: TopologyQuery.Grouping {
            switch self {
            case .service: .service
            case .version: .version
            case .namespace: .namespace
            case .operation: .operation
            }
        }
    }

    init(_ kind: Kind) { self.kind = kind }

    /// Takes up the series that are new.
    /// - Returns: false if series were removed: their IDs may stand for others, and all numbers are new.
    func update(_ table: SeriesTable) -> Bool {
        guard table.changeCount != changeCount else { return true }
        changeCount = table.changeCount
        let isSame = removalCount == table.removalCount
        if !isSame {
            removalCount = table.removalCount
            (targets, numbers) = ([], [:])
            // Nobody asks for number 0.
            series = [CallSeries(.link, callee: CallParty())]
        }
        while targets.count < table.series.count { targets.append(Self.unknown) }
        for (id, entry) in table.series.enumerated() where targets[id] == Self.unknown {
            if let entry { targets[id] = number(of: entry) } else if id == 0 { targets[id] = 0 }
        }
        return isSame
    }

    private func number(of entry: CallSeries) -> UInt32 {
        guard let seen = entry.seen(by: kind.grouping) else { return 0 }
        let number = numbers[seen] ?? UInt32(series.count)
        if number == series.count {
            numbers[seen] = number
            series.append(seen)
        }
        return number | (seen.hasDurationsInGraph ? 0 : CallBucket.withoutDurations)
    }
}

extension CallBuckets {
    /// The view as of now.
    func view(_ kind: SeriesView.Kind) -> SeriesView {
        let view = views[kind] ?? SeriesView(kind)
        views[kind] = view
        if !view.update(table) { cache.remove { $0.view == kind } }
        return view
    }

    /// The bucket as the view sees it.
    func bucket(
        _ span: BucketSpan, _ start: Int64, _ view: SeriesView
    ) throws(CatalogError) -> CallBucket? {
        let key = span.key(start, view.kind)
        if let bucket = cache.bucket(key) { return bucket }
        var seen: CallBucket?
        if span.isDerived {
            var buckets: [CallBucket] = []
            for start in starts[span.level.index].within(start..<start + span.nanoseconds) {
                // Not kept: what is derived of them takes their place.
                if let bucket = cache.bucket(BucketSpan(span.level).key(start, view.kind)) {
                    buckets.append(bucket)
                } else if let bucket = try read(span.level, start, view) {
                    buckets.append(bucket)
                }
            }
            seen = CallBucket.sum(buckets)
        } else {
            seen = try read(span.level, start, view)
        }
        if let seen { cache.put(seen, key) }
        return seen
    }

    private func read(
        _ level: TopologyChange.Level, _ start: Int64, _ view: SeriesView
    ) throws(CatalogError) -> CallBucket? {
        guard starts[level.index].has(start) else { return nil }
        if let bucket = cache.bucket(BucketSpan(level).key(start)) {
            return CallBucket.sum([bucket], targets: view.targets)
        }
        return try read(level, start).map { CallBucket.sum([$0], targets: view.targets) }
    }
}
