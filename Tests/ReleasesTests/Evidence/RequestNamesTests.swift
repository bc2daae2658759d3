import Testing

@testable import Releases

@Suite struct RequestNamesTests {
    @Test func `a pair of key and value has one number, and its texts are kept once`() throws {
        var names = RequestNames()
        let numbers = [("zone", "a"), ("zone", "a"), ("a", "zone")].map { names.feature($0, $1) }
        let first = Int(try #require(numbers[0]))
        #expect(numbers[1] == numbers[0] && numbers[2] != numbers[0])
        #expect(names.key(ofFeature: first) == "zone" && names.value(ofFeature: first) == "a")
        #expect(names.texts == ["", "zone", "a"])
    }

    @Test func `of a key that has a value of its own in each request the first ones are told apart`() {
        var names = RequestNames()
        let numbers = (0..<RequestNames.valueCountMax + 10).map { names.feature("order", "\($0)") }
        #expect(numbers.count { $0 != nil } == RequestNames.valueCountMax)
        let (known, new, other) = (
            names.feature("order", "7"), names.feature("order", "new"), names.feature("zone", "a")
        )
        #expect(known == numbers[7] && new == nil && other != nil)
        // None, the two keys, and their values.
        #expect(names.texts.count == RequestNames.valueCountMax + 4)
    }

    @Test func `however many keys there are, features are bounded`() {
        var names = RequestNames()
        for number in 0..<RequestNames.featureCountMax { _ = names.feature("\(number)", "on") }
        let count = names.texts.count
        let (new, known) = (names.feature("one more", "on"), names.feature("0", "on"))
        #expect(new == nil && known == 0)
        #expect(names.features.count == RequestNames.featureCountMax && names.texts.count == count)
    }
}
