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
    var maker: GraphMaker
    /// Of all buckets that are cached.
    var bounds = DurationBounds()
    /// What is not settled as the view sees it, by minute.
    var provisional: (stamp: GraphCache.Stamp, buckets: [Int64: SeenBucket])?
    private var changeCount = -1
    private var removalCount = -1

    /// Series that are numbered though no bucket has them, beside as many as there are.
    private static let unsettledCountMax = 10_000

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

    init(_ kind: Kind) {
        self.kind = kind
        maker = GraphMaker(kind.grouping)
    }

    /// Takes up the series that are new.
    /// - Returns: false if series were removed: their IDs may stand for others, and all numbers are new.
    func update(_ table: SeriesTable) -> Bool {
        // Many may never have become settled.
        let isTooMany = series.count > 2 * table.count + Self.unsettledCountMax
        guard table.changeCount != changeCount || isTooMany else { return true }
        changeCount = table.changeCount
        let isSame = removalCount == table.removalCount && !isTooMany
        if !isSame {
            removalCount = table.removalCount
            (targets, numbers) = ([], [:])
            // Nobody asks for number 0.
            series = [CallSeries(.link, callee: CallParty())]
            maker = GraphMaker(kind.grouping)
            bounds = DurationBounds()
            provisional = nil
        }
        while targets.count < table.series.count { targets.append(Self.unknown) }
        for (id, entry) in table.series.enumerated() where targets[id] == Self.unknown {
            if let entry { targets[id] = number(of: entry) } else if id == 0 { targets[id] = 0 }
        }
        return isSame
    }

    /// As `targets` has it; a series that no bucket has may be numbered too.
    func number(of entry: CallSeries) -> UInt32 {
        guard let seen = entry.seen(by: kind.grouping) else { return 0 }
        let number = numbers[seen] ?? UInt32(series.count)
        if number == series.count {
            numbers[seen] = number
            series.append(seen)
        }
        return number | (seen.hasDurationsInGraph ? 0 : CallBucket.withoutDurations)
    }
}
