internal import Glibc

/// Distributions of statistics: what part of their mass lies where.
enum Distributions {
    // MARK: Normal

    /// The part of the normal distribution's mass above z.
    static func normalAbove(_ z: Double) -> Double { erfc(z / 2.0.squareRoot()) / 2 }

    /// The z up to which the normal distribution has the given part of its mass, infinite for 0 and 1.
    ///
    /// The first guess is that of Hastings: "Approximations for Digital Computers", 1955, sheet 68; steps of Halley's
    /// method follow.
    static func normalQuantile(_ part: Double) -> Double {
        if part <= 0 { return -.infinity }
        if part >= 1 { return .infinity }
        if part > 0.5 { return -normalQuantile(1 - part) }
        let t = (-2 * log(part)).squareRoot()
        let guess = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
        var z = guess - t
        for _ in 0..<4 {
            let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
            let step = (erfc(-z / 2.0.squareRoot()) / 2 - part) / density
            z -= step / (1 + z * step / 2)
        }
        return z
    }

    /// The z of a two-sided interval: 1.96 for 0.95.
    static func normalQuantile(confidence: Double) -> Double { -normalQuantile((1 - confidence) / 2) }

    // MARK: Chi-squared, Kolmogorov

    static func chiSquaredAbove(_ value: Double, degreesOfFreedom: Int) -> Double {
        SpecialFunctions.gammaAbove(value / 2, shape: Double(degreesOfFreedom) / 2)
    }

    /// The part of the mass of Kolmogorov's distribution above x ("Sulla determinazione empirica di una legge di
    /// distribuzione", 1933): of the largest distance between two curves, by the root of what was counted.
    static func kolmogorovAbove(_ x: Double) -> Double {
        if x <= 0 { return 1 }
        var sum = 0.0
        if x < 1 {
            // The same function: this series converges fast where x is small.
            let unit = Double.pi * Double.pi / (8 * x * x)
            for step in 1...20 {
                let odd = Double(2 * step - 1)
                sum += exp(-unit * odd * odd)
            }
            return min(1, max(0, 1 - (2 * Double.pi).squareRoot() / x * sum))
        }
        for step in 1...20 {
            let term = exp(-2 * x * x * Double(step * step))
            sum += step % 2 == 1 ? term : -term
        }
        return 2 * sum
    }

    // MARK: Binomial

    /// The probability of at most k of n.
    /// - Parameter n: may be broken: how many requests weighted ones are worth.
    static func binomialUpTo(_ k: Double, of n: Double, _ share: Double) -> Double {
        if k < 0 { return 0 }
        if k >= n { return 1 }
        return SpecialFunctions.beta(1 - share, n - k, k + 1)
    }

    /// The smallest k for which at most k of n has at least the given probability.
    static func binomialQuantile(_ part: Double, of n: Double, _ share: Double) -> Double {
        var (low, high) = (-1.0, n.rounded(.up))
        while high - low > 1 {
            let middle = ((low + high) / 2).rounded(.down)
            if binomialUpTo(middle, of: n, share) >= part { high = middle } else { low = middle }
        }
        return high
    }
}

/// How many of those drawn are marked, if some of all are: the hypergeometric distribution.
///
/// Probabilities are of the largest one, so that sums over millions stay exact and stop where nothing more comes: the
/// cost is that of a few tens of standard deviations.
struct HypergeometricDistribution {
    let (marked, unmarked, drawn): (Double, Double, Double)
    let (least, most): (Double, Double)
    private let logScale: Double

    init(marked: Double, unmarked: Double, drawn: Double) {
        (self.marked, self.unmarked, self.drawn) = (marked, unmarked, drawn)
        least = max(0, drawn - unmarked)
        most = min(marked, drawn)
        logScale = Self.logChoose(marked + unmarked, drawn)
    }

    private static func logChoose(_ n: Double, _ k: Double) -> Double {
        SpecialFunctions.logGamma(n + 1) - SpecialFunctions.logGamma(k + 1) - SpecialFunctions.logGamma(n - k + 1)
    }

    func logProbability(_ count: Double) -> Double {
        Self.logChoose(marked, count) + Self.logChoose(unmarked, drawn - count) - logScale
    }

    func probability(_ count: Double) -> Double { exp(logProbability(count)) }

    /// The likeliest count.
    var mode: Double {
        min(most, max(least, ((drawn + 1) * (marked + 1) / (marked + unmarked + 2)).rounded(.down)))
    }

    /// The probability of so many or more.
    func atLeast(_ count: Double) -> Double {
        if count <= least { return 1 }
        if count > most { return 0 }
        return count > mode ? sum(from: count, by: 1) : max(0, 1 - sum(from: count - 1, by: -1))
    }

    /// The probability of so many or fewer.
    func atMost(_ count: Double) -> Double {
        if count >= most { return 1 }
        if count < least { return 0 }
        return count < mode ? sum(from: count, by: -1) : max(0, 1 - sum(from: count + 1, by: 1))
    }

    /// Away from the likeliest count, where each probability is less than the one before.
    private func sum(from start: Double, by step: Double) -> Double {
        var (term, sum, count) = (1.0, 0.0, start)
        while count >= least, count <= most {
            sum += term
            if term < sum * 1e-17 { break }
            term *=
                step > 0
                ? (marked - count) * (drawn - count) / ((count + 1) * (unmarked - drawn + count + 1))
                : count * (unmarked - drawn + count) / ((marked - count + 1) * (drawn - count + 1))
            count += step
        }
        return min(1, probability(start) * sum)
    }
}
