/// The traces that one operation begins, and the probability that brings as many of them as are wanted.
///
/// Spans that say their probability make an estimate of all traces that began, whatever any SDK was told and when. The
/// estimates of the rounds are smoothed, unless one lies so far from what was expected that chance does not explain it:
/// then it counts alone. The probability becomes target / rate; it may fall at once, and double in a round.
///
/// Where spans say nothing, only what arrives is known, and that it was chosen by some probability told before. The
/// probability then moves by the square root of target / arrivals, at most to the double or the half: half of the way,
/// because SDKs that learn of it a round or two later would make the whole of it swing for ever.
struct OperationRate {
    private(set) var probability: Double
    /// Traces that begin in a second, whether sampled or not; nil before the first round.
    private(set) var rate: Double?

    /// Of the round at hand.
    private var round = Tally()
    /// Rounds in which nothing came.
    private(set) var quietRoundCount = 0
    /// What came in the last round.
    private(set) var lastArrivalCount = 0

    static let probabilities = 1e-5...1.0
    /// The part of a new estimate in the smoothed one.
    private static let smoothing = 0.25
    /// How far an estimate may lie from what was expected, in standard deviations.
    private static let deviationMax = 4.0

    init(probability: Double) {
        self.probability = min(max(probability, Self.probabilities.lowerBound), Self.probabilities.upperBound)
    }

    /// Traces that began.
    struct Tally {
        /// All that came.
        private(set) var arrivalCount = 0
        fileprivate private(set) var tellingCount = 0
        fileprivate private(set) var silentCount = 0
        fileprivate private(set) var weight = 0.0
        fileprivate private(set) var squaredWeight = 0.0
        /// The last probability that one of them told.
        private(set) var toldProbability: Double?

        mutating func note(_ told: SamplerFacts.Told) {
            arrivalCount += 1
            switch told {
            case .nothing: silentCount += 1
            // The weights of the others stand for it.
            case .lowerBound: break
            case .probability(let probability):
                tellingCount += 1
                weight += 1 / probability
                squaredWeight += 1 / (probability * probability)
                toldProbability = probability
            }
        }

        fileprivate mutating func add(_ other: Tally) {
            arrivalCount += other.arrivalCount
            tellingCount += other.tellingCount
            silentCount += other.silentCount
            weight += other.weight
            squaredWeight += other.squaredWeight
            toldProbability = other.toldProbability ?? toldProbability
        }
    }

    mutating func add(_ tally: Tally) { round.add(tally) }

    /// What came in this round and the last one.
    var arrivalCount: Int { round.arrivalCount + lastArrivalCount }

    /// Ends the round.
    /// - Parameters:
    ///   - target: sampled traces a second.
    ///   - seconds: that the round has taken, more than 0.
    mutating func endRound(target: Double, seconds: Double) {
        if round.silentCount > round.tellingCount {
            let arriving = Double(round.silentCount + round.tellingCount) / seconds
            rate = arriving / probability
            move(to: probability * min(max((target / arriving).squareRoot(), 0.5), 2))
        } else {
            let silent = Double(round.silentCount)
            let measured = smoothed(
                weight: round.weight + silent / probability,
                variance: round.squaredWeight + silent / (probability * probability), seconds)
            rate = measured
            move(to: min(target / measured, probability * 2))
        }
        quietRoundCount = round.arrivalCount == 0 ? quietRoundCount + 1 : 0
        lastArrivalCount = round.arrivalCount
        round = Tally()
    }

    /// - Parameters:
    ///   - weight: of the round's traces: how many they stand for.
    ///   - variance: of that, as the traces tell it.
    private func smoothed(weight: Double, variance: Double, _ seconds: Double) -> Double {
        let measured = weight / seconds
        guard let rate else { return measured }
        let expected = rate * seconds
        let deviation = weight - expected
        let allowed = Self.deviationMax * Self.deviationMax * max(variance, expected / probability)
        return deviation * deviation <= allowed ? rate + (measured - rate) * Self.smoothing : measured
    }

    private mutating func move(to newProbability: Double) {
        probability = min(max(newProbability, Self.probabilities.lowerBound), Self.probabilities.upperBound)
    }
}
