import Testing

@testable import skein_bench

@Suite struct SocketAddressTests {
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
