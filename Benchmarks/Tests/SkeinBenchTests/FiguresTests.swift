import Testing

@testable import skein_bench

@Suite struct FiguresTests {
    @Test func `a quantile is the nearest rank`() {
        #expect(Quantile.of([], 0.5) == 0)
        #expect(Quantile.of([4], 0.99) == 4)
        #expect(Quantile.of([1, 2, 3, 4], 0.5) == 2)
        #expect(Quantile.of((1...100).map(Double.init), 0.99) == 99)
    }

    @Test(arguments: ["127.0.0.1:9411", "[::1]:9411"])
    func `an address has a host and a port`(text: String) throws {
        #expect(try SocketAddress(text).port == 9_411)
        #expect(!(try SocketAddress(text).host.contains("[")))
    }

    @Test(arguments: ["127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", ""])
    func `what is no address is an error`(text: String) {
        #expect(throws: BenchError.self) { try SocketAddress(text) }
    }
}
