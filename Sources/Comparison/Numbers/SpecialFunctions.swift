internal import Glibc

/// The functions that distributions are made of, in double precision.
///
/// Continued fractions and series: NIST Digital Library of Mathematical Functions, 8.9, 8.11 and 8.17; evaluated by the
/// method of Lentz as Thompson and Barnett changed it ("Coulomb and Bessel Functions", 1986).
enum SpecialFunctions {
    private static let tiny = 1e-300
    private static let precision = 1e-15
    /// Fractions need about the root of their largest parameter.
    private static let stepsMax = 100_000

    /// Logarithm of the gamma function of a positive number. Takes no lock and sets no global, as `lgamma` does.
    static func logGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }

    static func logBeta(_ a: Double, _ b: Double) -> Double { logGamma(a) + logGamma(b) - logGamma(a + b) }

    /// The part of the beta distribution's mass up to x: the regularised incomplete beta function.
    static func beta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        let scale = exp(a * log(x) + b * log1p(-x) - logBeta(a, b))
        return x < (a + 1) / (a + b + 2)
            ? scale * betaFraction(x, a, b) / a : 1 - scale * betaFraction(1 - x, b, a) / b
    }

    private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        var c = 1.0
        var d = 1 / nonZero(1 - (a + b) * x / (a + 1))
        var result = d
        func take(_ term: Double) {
            d = 1 / nonZero(1 + term * d)
            c = nonZero(1 + term / c)
            result *= d * c
        }
        for step in 1...stepsMax {
            let m = Double(step)
            take(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)))
            take(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)))
            if abs(d * c - 1) < precision { break }
        }
        return result
    }

    private static func nonZero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }

    /// The x up to which the beta distribution has the given part of its mass.
    static func betaQuantile(_ part: Double, _ a: Double, _ b: Double) -> Double {
        if part <= 0 { return 0 }
        if part >= 1 { return 1 }
        var (low, high) = (0.0, 1.0)
        var x = a / (a + b)
        for _ in 0..<200 {
            let error = beta(x, a, b) - part
            if error > 0 { high = x } else { low = x }
            let density = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - logBeta(a, b))
            let newton = x - error / density
            let next = newton > low && newton < high ? newton : (low + high) / 2
            if abs(next - x) <= x * 1e-14 || next == 0 { return next }
            x = next
        }
        return x
    }

    /// The part of the gamma distribution's mass above x.
    static func gammaAbove(_ x: Double, shape: Double) -> Double {
        if x <= 0 { return 1 }
        let scale = exp(shape * log(x) - x - logGamma(shape))
        if x < shape + 1 {
            var (term, sum, n) = (1 / shape, 1 / shape, shape)
            for _ in 0..<stepsMax where abs(term) > abs(sum) * precision {
                n += 1
                term *= x / n
                sum += term
            }
            return max(0, 1 - scale * sum)
        }
        var b = x + 1 - shape
        var c = 1 / tiny
        var d = 1 / b
        var result = d
        for step in 1...stepsMax {
            let factor = -Double(step) * (Double(step) - shape)
            b += 2
            d = 1 / nonZero(factor * d + b)
            c = nonZero(b + factor / c)
            result *= d * c
            if abs(d * c - 1) < precision { break }
        }
        return scale * result
    }
}
