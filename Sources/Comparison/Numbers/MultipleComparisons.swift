/// Probabilities of error, adjusted for how many were looked at; in the order given.
public enum MultipleComparisons {
    /// That there is one false finding among all that are not above a level, for verdicts on many operations.
    ///
    /// Holm: "A simple sequentially rejective multiple test procedure", 1979. Holds at every look if each probability
    /// does, for it is made of bounds on the sum of theirs.
    public static func holm(_ probabilities: [Double]) -> [Double] {
        var result = probabilities
        var most = 0.0
        for (rank, index) in probabilities.indices.sorted(by: { probabilities[$0] < probabilities[$1] }).enumerated() {
            most = max(most, min(1, probabilities[index] * Double(probabilities.count - rank)))
            result[index] = most
        }
        return result
    }

    /// The expected part of false findings among all that are not above a level, for lists that people look through.
    ///
    /// Benjamini, Hochberg: "Controlling the false discovery rate", 1995.
    public static func benjaminiHochberg(_ probabilities: [Double]) -> [Double] {
        var result = probabilities
        var least = 1.0
        for (rank, index) in probabilities.indices.sorted(by: { probabilities[$0] > probabilities[$1] }).enumerated() {
            least = min(least, probabilities[index] * Double(probabilities.count) / Double(probabilities.count - rank))
            result[index] = least
        }
        return result
    }
}
