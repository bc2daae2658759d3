/// Weighted things that come in clusters, such as the calls of a trace, with and without something.
///
/// What is of one cluster is alike, and may say less than as many things of several.
public struct ClusteredShare: Hashable, Sendable {
    private struct Sums: Hashable {
        var sum = 0.0
        /// Of the weights of things, and of clusters' sums of weights.
        var squares = 0.0
        var clusterSquares = 0.0

        mutating func add(_ count: Int, _ weight: Double) {
            let own = weight * Double(count)
            sum += own
            squares += weight * own
            clusterSquares += own * own
        }
    }

    private var all = Sums()
    private var having = Sums()
    /// Of each cluster's two sums.
    private var products = 0.0

    public init() {}

    /// Adds a cluster.
    /// - Parameters:
    ///   - having: 0 to `count`.
    ///   - weight: of each thing in it, positive and finite.
    public mutating func add(having: Int, of count: Int, weight: Double) {
        precondition(having >= 0 && having <= count, "a part is not more than the whole")
        precondition(weight > 0 && weight.isFinite, "what is there stands for something")
        all.add(count, weight)
        self.having.add(having, weight)
        products += weight * Double(having) * weight * Double(count)
    }

    /// The same among more clusters, in which nothing has it.
    /// - Parameter others: with these and those.
    public func among(_ others: ClusteredShare) -> ClusteredShare {
        var share = self
        share.all = others.all
        return share
    }

    /// Of how many things there were, and of how many that had it: estimates.
    public var sum: Double { all.sum }
    public var havingSum: Double { having.sum }

    /// How many unweighted things, each a cluster of its own, say as much, however alike those of a cluster are; 0 of
    /// none. Never more than there are clusters.
    ///
    /// Kish: "Survey Sampling", 1965, 11.7, of whole clusters.
    public var effectiveCount: Double { all.clusterSquares > 0 ? all.sum * all.sum / all.clusterSquares : 0 }

    /// As many unweighted things as give the share with the same variance: of clusters of one thing each the same as
    /// `WeightedShare` has.
    ///
    /// The variance is that of a ratio of the clusters' weighted sums: Cochran: "Sampling Techniques", 1977, 9A; but
    /// never less than if the things of a cluster were not alike at all, as it seems where all clusters have the same
    /// share.
    public var share: Share {
        guard all.sum > 0 else { return Share(count: 0, total: 0) }
        let value = min(1, having.sum / all.sum)
        guard value > 0, value < 1 else { return Share(count: value * effectiveCount, total: effectiveCount) }
        let ofClusters = having.clusterSquares - 2 * value * products + value * value * all.clusterSquares
        let ofThings =
            (1 - value) * (1 - value) * having.squares + value * value * max(0, all.squares - having.squares)
        let total = value * (1 - value) * all.sum * all.sum / max(ofClusters, ofThings)
        return Share(count: value * total, total: total)
    }
}
