// Times that senders made up, and numbers in queries, may lie anywhere.
extension Int64 {
    /// The sum, or the nearest number that there is.
    package func addingClamped(_ other: Int64) -> Int64 {
        let sum = addingReportingOverflow(other)
        return sum.overflow ? (other < 0 ? .min : .max) : sum.partialValue
    }

    /// The difference, or the nearest number that there is.
    package func subtractingClamped(_ other: Int64) -> Int64 {
        let difference = subtractingReportingOverflow(other)
        return difference.overflow ? (other < 0 ? .max : .min) : difference.partialValue
    }

    /// The product, or the nearest number that there is.
    package func multipliedClamped(by other: Int64) -> Int64 {
        let product = multipliedReportingOverflow(by: other)
        return product.overflow ? ((self < 0) == (other < 0) ? .max : .min) : product.partialValue
    }
}
