/// What is sent and what arrives during one request. curl holds a pointer to it while the request is under way.
final class CurlExchange {
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var responseBody: [UInt8] = []
    private(set) var isTooLarge = false
    let errorText: UnsafeMutablePointer<CChar>
    private var requestBody = RequestBody.bytes([])
    private var sentByteCount = 0
    private var responseByteCountMax = 0
    private static let errorByteCount = 256
    private static let headerCountMax = 1000
    /// Room made at once because a server says that it will send so much.
    private static let expectedByteCountMax = 1 << 20

    init() {
        errorText = .allocate(capacity: Self.errorByteCount)
        errorText.initialize(repeating: 0, count: Self.errorByteCount)
    }

    deinit { errorText.deallocate() }

    static func of(_ context: UnsafeMutableRawPointer?) -> CurlExchange {
        guard let context else { preconditionFailure("curl hands back the exchange that it was given") }
        return Unmanaged.fromOpaque(context).takeUnretainedValue()
    }

    /// What curl says went wrong, perhaps nothing.
    var detail: String { String(cString: errorText) }

    /// Forgets what was, and sends this.
    func reset(requestBody: RequestBody = .bytes([]), responseByteCountMax: Int = 0) {
        headers = []
        responseBody = []
        isTooLarge = false
        errorText[0] = 0
        self.requestBody = requestBody
        sentByteCount = 0
        self.responseByteCountMax = responseByteCountMax
    }

    /// How many bytes of the request's body were put into the buffer; 0 at its end.
    func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        requestBody.withBytes { bytes in
            let count = min(buffer.count, bytes.count - sentByteCount)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sentByteCount..<sentByteCount + count]))
            sentByteCount += count
            return count
        }
    }

    /// Sends from there again: the connection was closed by the other side before it took the request.
    func seek(to offset: Int64) -> Bool {
        guard offset >= 0, offset <= requestBody.count else { return false }
        sentByteCount = Int(offset)
        return true
    }

    /// How many bytes were taken; fewer than given end the request.
    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard responseBody.count + bytes.count <= responseByteCountMax else {
            isTooLarge = true
            return 0
        }
        responseBody.append(contentsOf: bytes)
        return bytes.count
    }

    func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            headers = []  // those so far belonged to an interim answer
        } else if let colon = line.firstIndex(of: ":"), headers.count < Self.headerCountMax {
            let value = line[line.index(after: colon)...].drop { $0.isWhitespace }
            let name = line[..<colon].lowercased()
            headers.append((name, String(value.reversed().drop { $0.isWhitespace }.reversed())))
            if name == "content-length", let count = Int(value.prefix { $0.isNumber }) {
                responseBody.reserveCapacity(min(count, Self.expectedByteCountMax))
            }
        }
        return bytes.count
    }
}
