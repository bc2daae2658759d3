internal import Glibc

/// Powers of numbers.
enum Power {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    /// nil if it is no whole number, or does not fit.
    static func power(_ base: Int64, _ exponent: Int64) -> Int64? {
        guard exponent >= 0 else { return nil }
        var result: Int64 = 1
        var factor = base
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 {
                let product = result.multipliedReportingOverflow(by: factor)
                if product.overflow { return nil }
                result = product.partialValue
            }
            rest >>= 1
            if rest == 0 { break }
            let square = factor.multipliedReportingOverflow(by: factor)
            if square.overflow { return nil }
            factor = square.partialValue
        }
        return result
    }
}
