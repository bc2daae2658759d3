internal import FoundationEssentials
internal import TraceStore

/// What a search answers with beside its hits.
struct SearchAnswer<Aggregations: Decodable>: Decodable {
    struct Shards: Decodable {
        struct Failure: Decodable {
            struct Reason: Decodable {
                let type: String?
                let reason: String?
            }

            let index: String?
            let reason: Reason?
        }

        let total: Int
        let failed: Int
        let failures: [Failure]?
    }

    let timedOut: Bool
    let shards: Shards
    /// Nil where no index is there.
    let aggregations: Aggregations?

    private enum CodingKeys: String, CodingKey {
        case timedOut
        case shards = "_shards"
        case aggregations
    }

    /// Why the answer is not all that there is, in words; nil if it is.
    var gap: String? {
        if shards.failed > 0 {
            let failure = shards.failures?.first
            return SearchGap.shards(
                failed: shards.failed, total: shards.total,
                reason: failure?.reason.map { $0.reason ?? $0.type ?? "" })
        }
        return timedOut ? SearchGap.time : nil
    }
}

/// Why a cluster's answer is not all that there is.
enum SearchGap {
    static let time = "the cluster's time was up: some of what it has is left out"

    /// - Parameter total: nil if it is not known.
    static func shards(failed: Int, total: Int?, reason: String?) -> String {
        let count = total.map { "\(failed) of \($0)" } ?? "\(failed)"
        let text = "\(count) shards of the cluster failed: what they have is left out"
        return reason.flatMap { $0.isEmpty ? nil : "\(text) (\($0))" } ?? text
    }
}

/// Of an aggregation that gives a number.
struct NumberAggregation: Decodable {
    let value: Double?
}

/// Of an aggregation that counts what filters find.
struct FilterCounts: Decodable {
    private struct Bucket: Decodable {
        let docCount: Int
    }

    private let buckets: [Bucket]

    /// In the order of the filters.
    var counts: [Int] { buckets.map(\.docCount) }

    /// The aggregation, as JSON.
    static func text(_ filters: [DocumentFilter]) -> String {
        "{\"filters\":{\"filters\":[\(filters.map(\.text).joined(separator: ","))]}}"
    }
}

extension Cluster {
    /// How many of some documents each filter finds, in their order, and why there may be more, in words.
    func counts(
        _ filters: [DocumentFilter], among documents: DocumentFilter, _ indices: IndexWindow, _ work: QueryWork
    ) throws(StoreError) -> (counts: [Int], gap: String?) {
        struct Found: Decodable {
            let counts: FilterCounts
        }
        var search = SearchBody(size: 0, filter: documents)
        search.add(aggregation: "counts", FilterCounts.text(filters))
        let answer = try aggregate(indices, search, work, as: Found.self)
        guard let counts = answer.aggregations?.counts.counts else { return (filters.map { _ in 0 }, answer.gap) }
        guard counts.count == filters.count else {
            throw StoreError(.unreachable, "OpenSearch's answer is not understood: \(counts.count) counts")
        }
        return (counts, answer.gap)
    }
}
