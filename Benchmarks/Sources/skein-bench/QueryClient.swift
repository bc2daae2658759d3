import Foundation

/// Asks one question after the other on one kept-alive connection.
final class QueryClient {
    private let address: SocketAddress
    private var socket: Socket?
    private var parser = HTTPResponseParser()
    private let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 262_144, alignment: 16)

    init(to address: SocketAddress) {
        self.address = address
    }

    deinit {
        readBuffer.deallocate()
    }

    /// The answer, and the seconds from the first byte sent to the last byte read.
    func get(_ path: String) throws -> (response: HTTPResponse, seconds: Double) {
        let connection: Socket
        if let socket {
            connection = socket
        } else {
            connection = try Socket(to: address, isBlocking: true)
            socket = connection
            parser = HTTPResponseParser()
        }
        let request = Array("GET \(path) HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n".utf8)
        let begin = CPUClock.wall()
        var written = 0
        while written < request.count {
            guard case .moved(let count) = connection.write(request, from: written) else {
                throw BenchError("the connection broke on GET \(path)")
            }
            written += count
        }
        while true {
            guard case .moved(let count) = connection.read(into: readBuffer) else {
                throw BenchError("the connection broke on GET \(path)")
            }
            parser.append(UnsafeRawBufferPointer(rebasing: readBuffer[..<count]))
            guard let response = try parser.next() else { continue }
            let seconds = CPUClock.wall() - begin
            if response.closes { socket = nil }
            return (response, seconds)
        }
    }

    /// A value for a query string.
    static func escape(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
    }
}
