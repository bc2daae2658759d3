/// Texts, and keys with their values, as numbers: each is kept once for all requests of a comparison.
struct RequestNames {
    /// An attribute with a value.
    struct Feature: Hashable {
        var key: UInt32
        var value: UInt32
    }

    /// So many values of one key are told apart, and so many in all: IDs do not fill the memory, nor do they push out
    /// what tells something.
    static let valueCountMax = 5_000
    static let featureCountMax = 200_000

    private(set) var texts = [""]
    private var textNumbers: [String: UInt32] = ["": 0]
    private(set) var features: [Feature] = []
    private var featureNumbers: [Feature: UInt32] = [:]
    /// By key.
    private var valueCounts: [UInt32: Int] = [:]

    mutating func number(of text: String) -> UInt32 {
        if let known = textNumbers[text] { return known }
        let number = UInt32(texts.count)
        texts.append(text)
        textNumbers[text] = number
        return number
    }

    /// Nil for one more than are told apart.
    mutating func feature(_ key: String, _ value: String) -> UInt32? {
        if let key = textNumbers[key], let value = textNumbers[value],
            let known = featureNumbers[Feature(key: key, value: value)]
        {
            return known
        }
        guard features.count < Self.featureCountMax else { return nil }
        let keyNumber = number(of: key)
        guard valueCounts[keyNumber, default: 0] < Self.valueCountMax else { return nil }
        valueCounts[keyNumber, default: 0] += 1
        let feature = Feature(key: keyNumber, value: number(of: value))
        let number = UInt32(features.count)
        features.append(feature)
        featureNumbers[feature] = number
        return number
    }

    func key(ofFeature number: Int) -> String { texts[Int(features[number].key)] }
    func value(ofFeature number: Int) -> String { texts[Int(features[number].value)] }
}
