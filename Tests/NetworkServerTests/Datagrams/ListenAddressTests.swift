import NetworkServer
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: ["127.0.0.1", "127.8.9.10", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
    func `an address of this machine alone is known`(address: String) {
        #expect(ListenAddress.isLoopback(address))
    }

    @Test(arguments: [
        "0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::2", "1::1", "::ffff:10.0.0.1", "::ffff:0.0.0.0", "::127.0.0.1",
        "localhost", "", "127.0.0.1:80",
    ])
    func `any other is taken for one that others reach`(address: String) {
        #expect(!ListenAddress.isLoopback(address))
    }
}
