internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

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

extension HTTPServerError {
    /// What stood in the way of opening the listener `name`.
    init(listener name: String, address: String, port: Int, cause: any Error) {
        let (code, reason): (Code, String) =
            switch (cause as? IOError)?.errnoCode {
            case EADDRINUSE: (.addressInUse, "the port is in use by another program")
            case EACCES, EPERM: (.notPermitted, "not permitted; ports below 1024 need a privilege")
            case EADDRNOTAVAIL: (.addressInvalid, "no interface of this machine has the address")
            case nil where cause is SocketAddressError:
                (.addressInvalid, "neither an IPv4 nor an IPv6 address with a port from 0 to 65535")
            default: (.cannotListen, "\(cause)")
            }
        self.init(
            code: code, message: "\(name): cannot listen on \(ListenAddress.text(address, port)): \(reason)",
            cause: cause)
    }
}
