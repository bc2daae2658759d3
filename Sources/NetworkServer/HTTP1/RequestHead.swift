internal import NIOHTTP1

/// What the connection needs to know of a request before its body comes. The text of the head goes to the storage.
struct RequestHead {
    enum Failure: Error, Equatable {
        case malformed(String)
        case headTooLarge
        case bodyTooLarge
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
