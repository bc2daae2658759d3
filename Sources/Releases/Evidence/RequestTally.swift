internal import Comparison

/// How many of some requests have each feature, by number and by weight.
struct RequestTally {
    private(set) var counts: [Int]
    private var weights: [Double]
    private var squares: [Double]
    private(set) var all = WeightSum()

    /// - Parameters:
    ///   - places: of the requests.
    ///   - features: of a request, each once.
    init(
        _ requests: StoredRequests, _ places: some Sequence<Int>, featureCount: Int,
        features: (StoredRequests, Int) -> ArraySlice<UInt32>
    ) {
        counts = Array(repeating: 0, count: featureCount)
        weights = Array(repeating: 0, count: featureCount)
        squares = weights
        for place in places {
            let weight = requests.requests[place].weight
            all.add(weight)
            for feature in features(requests, place) {
                counts[Int(feature)] += 1
                weights[Int(feature)] += weight
                squares[Int(feature)] += weight * weight
            }
        }
    }

    /// The part of the requests that have a feature, as far as weights tell.
    func value(_ feature: Int) -> Double { all.sum > 0 ? min(1, weights[feature] / all.sum) : 0 }

    /// The same as whole numbers of unweighted requests that say as much.
    func count(_ feature: Int) -> Int { min(total, Int((value(feature) * Double(total)).rounded())) }

    var total: Int { Int(all.effectiveCount.rounded()) }

    /// The same with the totals that make its variance right.
    ///
    /// That of a ratio of weighted sums, as `WeightedShare` has it.
    func share(_ feature: Int) -> Share {
        let value = value(feature)
        guard value > 0, value < 1 else {
            return Share(count: value * all.effectiveCount, total: all.effectiveCount)
        }
        let lacking = max(0, all.sumOfSquares - squares[feature])
        let spread = (1 - value) * (1 - value) * squares[feature] + value * value * lacking
        let total = spread > 0 ? value * (1 - value) * all.sum * all.sum / spread : all.effectiveCount
        return Share(count: value * total, total: total)
    }
}
