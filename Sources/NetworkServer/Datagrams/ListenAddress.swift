internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Addresses to listen on: IPv4 and IPv6 literals.
public enum ListenAddress {
    /// Whether only programs of this machine reach `address`. False for what is no literal.
    public static func isLoopback(_ address: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, address, &bytes) == 1 { return bytes[0] == 127 }
        guard inet_pton(AF_INET6, address, &bytes) == 1 else { return false }
        // An IPv4 address within IPv6 is written ::ffff:127.0.0.1.
        let isVersion4 = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return isVersion4 ? bytes[12] == 127 : bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// With the port, as people write it: `127.0.0.1:9411`, `[::1]:9411`.
    static func text(_ address: String, _ port: Int) -> String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    /// Throws a `SocketAddressError` unless `address` is a literal and `port` one that can be.
    static func resolve(_ address: String, _ port: Int) throws -> SocketAddress {
        guard UInt16(exactly: port) != nil else { throw SocketAddressError.unsupported }
        return try SocketAddress(ipAddress: address, port: port)
    }
}
