internal import NIOHPACK
internal import NIOHTTP1

/// What a stream needs to know of a request before its body comes. The text of the head goes to the storage.
struct RequestHead {
    enum Failure: Error, Equatable {
        case malformed(String)
        case headTooLarge
        case unsupportedVersion
        case unsupportedTransferCoding
    }

    private(set) var method = HTTPMethod.other
    /// Where the path (starting with `/`, or `*`) and the query (without its `?`) stand in the storage's head.
    private(set) var path = 0..<0
    private(set) var query = 0..<0
    private(set) var isVersion10 = false
    private(set) var keepsAlive = true
    private(set) var expectsContinue = false
    /// As announced; nil when chunked.
    private(set) var contentLength: Int? = 0
    /// Where the value of `content-encoding` stands in the storage's head; nil without one. Empty when there are
    /// several.
    private(set) var contentEncoding: Range<Int>?
    /// Where these values stand; the last of several.
    private(set) var contentType: Range<Int>?
    private(set) var authorization: Range<Int>?
    private(set) var origin: Range<Int>?
    /// How the messages of a gRPC call are packed.
    private(set) var messageEncoding: Range<Int>?

    /// How long the client of a gRPC call waits for its end.
    private(set) var callTimeout: Range<Int>?

    init() {}

    init(_ head: HTTPRequestHead, into storage: RequestStorage) throws(Failure) {
        method = HTTPMethod(rawValue: head.method.rawValue) ?? .other
        isVersion10 = head.version == .http1_0
        guard isVersion10 || head.version == .http1_1 else { throw .unsupportedVersion }
        keepsAlive = head.isKeepAlive
        try readTarget(head.uri, into: storage)
        for field in head.headers {
            let value = storage.append(name: field.name, value: field.value)
            try read(name: field.name, value: field.value, at: value)
        }
    }

    /// The head of an HTTP/2 stream. NIO has checked that the fields are ones that HTTP/2 allows.
    init(_ fields: HPACKHeaders, into storage: RequestStorage) throws(Failure) {
        contentLength = nil
        for (name, value, _) in fields {
            switch name {
            case ":method":
                method = HTTPMethod(rawValue: value) ?? .other
            case ":path":
                try readTarget(value, into: storage)
            case ":authority":
                _ = storage.append(name: "host", value: value)
            case ":scheme":
                break
            default:
                let place = storage.append(name: name, value: value)
                try read(name: name, value: value, at: place)
            }
        }
    }

    /// Marks the request as one that ended with its head.
    mutating func hasNoBody() { contentLength = 0 }

    /// What NIO's decoder found wrong.
    static func failure(_ error: HTTPParserError) -> Failure {
        switch error {
        case .headerOverflow: .headTooLarge
        case .invalidVersion: .unsupportedVersion
        default: .malformed("The request is not HTTP/1.1: \(error)")
        }
    }

    private mutating func readTarget(_ target: String, into storage: RequestStorage) throws(Failure) {
        var target = Substring(target)
        // An absolute form, as sent to proxies: http://host/path
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let rest = target.dropFirst(scheme.count)
            target = rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? ""
        }
        let text = target.utf8.prefix { $0 != UInt8(ascii: "#") }
        guard text.isEmpty || text.first == ASCII.slash || text.first == UInt8(ascii: "?") || Array(text) == [0x2a]
        else { throw .malformed("The request's target is no path") }
        let start = storage.head.count
        storage.head.append(contentsOf: text)
        let end = storage.head.count
        let mark = storage.head[start...].firstIndex(of: UInt8(ascii: "?"))
        path = start..<(mark ?? end)
        query = mark.map { $0 + 1..<end } ?? end..<end
    }

    private mutating func read(name: String, value: String, at range: Range<Int>) throws(Failure) {
        // The decoder refuses a content-length beside a transfer-encoding, and lengths that are no number.
        switch name.utf8.count {
        case 6 where name.lowercased() == "expect":
            expectsContinue = value.lowercased() == "100-continue"
        case 6 where name.lowercased() == "origin":
            origin = range
        case 12 where name.lowercased() == "content-type":
            contentType = range
        case 12 where name.lowercased() == "grpc-timeout":
            callTimeout = range
        case 13 where name.lowercased() == "authorization":
            authorization = range
        case 13 where name.lowercased() == "grpc-encoding":
            messageEncoding = range
        case 14 where name.lowercased() == "content-length":
            guard let length = Int(value) else { throw .malformed("The content-length is no number") }
            contentLength = length
        case 16 where name.lowercased() == "content-encoding":
            contentEncoding = contentEncoding == nil ? range : 0..<0
        case 17 where name.lowercased() == "transfer-encoding":
            guard !isVersion10 else { throw .malformed("HTTP/1.0 knows no transfer-encoding") }
            guard value.lowercased() == "chunked" else { throw .unsupportedTransferCoding }
            contentLength = nil
        default:
            break
        }
    }
}
