/// Texts, and keys with their values, as numbers: each is kept once for all requests of a comparison.
struct RequestNames {
    /// An attribute with a value.
    struct Feature: Hashable {
        var key: UInt32
        var value: UInt32
    }

    private(set) var texts = [""]
    private var textNumbers: [String: UInt32] = ["": 0]
    private(set) var features: [Feature] = []
    private var featureNumbers: [Feature: UInt32] = [:]

    mutating func number(of text: String) -> UInt32 {
        if let known = textNumbers[text] { return known }
        let number = UInt32(texts.count)
        texts.append(text)
        textNumbers[text] = number
        return number
    }

    mutating func feature(_ key: String, _ value: String) -> UInt32 {
        let feature = Feature(key: number(of: key), value: number(of: value))
        if let known = featureNumbers[feature] { return known }
        let number = UInt32(features.count)
        features.append(feature)
        featureNumbers[feature] = number
        return number
    }

    func key(ofFeature number: Int) -> String { texts[Int(features[number].key)] }
    func value(ofFeature number: Int) -> String { texts[Int(features[number].value)] }
}
