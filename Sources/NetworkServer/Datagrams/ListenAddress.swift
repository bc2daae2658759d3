internal import NIOCore

/// Addresses to listen on: IPv4 and IPv6 literals.
enum ListenAddress {
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
