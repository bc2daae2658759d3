import Testing
import TraceModel

@Suite struct ClampedTests {
    private static let numbers: [Int64] = [.min, .min + 1, -3, -1, 0, 1, 2, .max - 1, .max]

    @Test(arguments: numbers, numbers)
    func `what does not fit is the nearest number that there is`(a: Int64, b: Int64) {
        func nearest(_ value: Int128) -> Int64 { Int64(clamping: value) }
        #expect(a.addingClamped(b) == nearest(Int128(a) + Int128(b)))
        #expect(a.subtractingClamped(b) == nearest(Int128(a) - Int128(b)))
        #expect(a.multipliedClamped(by: b) == nearest(Int128(a) * Int128(b)))
    }
}
