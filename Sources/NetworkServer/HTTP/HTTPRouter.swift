/// What answers a request, and where it runs.
public enum HTTPHandler: Sendable {
    /// Called on the event loop, with the body whole: must never block. Answers through the responder, then or later.
    case eventLoop(@Sendable (HTTPRequest, HTTPParameters, HTTPResponder) -> Void)
    /// Called on one of the group's worker threads: may block. A thrown `HTTPError` is the answer; any other error is
    /// logged and answered with 500.
    case workerThread(@Sendable (HTTPRequest, HTTPParameters) throws -> HTTPResponse)
}

/// Who answers what a route takes.
enum RouteHandler: Sendable {
    case request(HTTPHandler)
    /// Called on a worker thread with the call's only message; returns the answer.
    case workerCall(@Sendable (HTTPRequest) throws -> [UInt8])
    /// Called on a worker thread with the call's only message; writes any number of messages.
    case streamingCall(@Sendable (HTTPRequest, inout GRPCMessageWriter) throws -> Void)
    /// Made on the event loop once a call's head has come, for a call whose messages are answered as they come.
    case conversation(@Sendable () -> any ConversationHandler)
}

/// Writes the answer for what the server itself refuses, as the clients of a route want to read it. Is given the media
/// type of the request in lower case.
public typealias HTTPRefusalWriter = @Sendable (_ error: HTTPError, _ contentType: String?) -> HTTPResponse

/// The parts of a path that a pattern names, percent-decoded.
public struct HTTPParameters: Sendable {
    /// The mount prefix under which the route was reached, like `/jaeger`; empty at the root.
    public let mountPrefix: String
    let storage: RequestStorage
    let names: [String]
    let ranges: [Range<Int>]

    /// The value of the segment that the pattern calls `:name`.
    public subscript(_ name: String) -> String? {
        guard let index = names.firstIndex(of: name) else { return nil }
        let head = storage.head
        return percentDecoded(head.span.extracting(ranges[index]))
    }
}

/// Which handler takes which method and path.
///
/// A pattern is a path whose segments are literal or, as `:name`, take any one segment that is not empty. The most
/// specific pattern wins: literal before named, from the left. A slash at a path's end and repeated slashes at its
/// start are passed over. HEAD is answered like GET without a body, OPTIONS with the methods that a path takes.
public struct HTTPRouter: Sendable {
    enum Segment: Sendable, Equatable {
        case literal(String)
        case parameter
    }

    struct Route: Sendable {
        let method: HTTPMethod
        let pattern: String
        let parameterNames: [String]
        let unpackFailureMessage: String
        /// How the server's own refusals are written; nil for plain text.
        let refusalWriter: HTTPRefusalWriter?
        /// The body is one gRPC message.
        let isCall: Bool
        let handler: RouteHandler
    }

    private struct Entry: Sendable {
        let segments: [Segment]
        var routes: [Route]
    }

    enum Match {
        case found(Route, HTTPParameters)
        case wrongMethod(allowed: String)
        case notFound
    }

    /// Answers what no route takes, whatever its method; without one the answer is 404.
    public var fallback: HTTPHandler?

    private var entries: [Entry] = []  // the more specific before the less specific
    private var mountPrefixes: [(text: String, segments: [String])] = []

    public init() {}

    /// Routes `method` on `pattern` to `handler`. `unpackFailureMessage` is the text of the 400 for a packed body
    /// that cannot be unpacked.
    public mutating func on(
        _ method: HTTPMethod, _ pattern: String, unpackFailureMessage: String = "Cannot unpack the body",
        refusalWriter: HTTPRefusalWriter? = nil, _ handler: HTTPHandler
    ) {
        add(method, pattern, unpackFailureMessage, refusalWriter, isCall: false, .request(handler))
    }

    mutating func add(
        _ method: HTTPMethod, _ pattern: String, _ unpackFailureMessage: String, _ refusalWriter: HTTPRefusalWriter?,
        isCall: Bool, _ handler: RouteHandler
    ) {
        precondition(pattern.hasPrefix("/"), "a pattern starts with a slash")
        precondition(method != .other && method != .head && method != .options, "the router answers this method itself")
        let parts = pattern.split(separator: "/")
        precondition(parts.count <= Self.segmentCountMax, "a pattern has few segments")
        let segments = parts.map { $0.hasPrefix(":") ? Segment.parameter : .literal(String($0)) }
        let route = Route(
            method: method, pattern: pattern,
            parameterNames: parts.filter { $0.hasPrefix(":") }.map { String($0.dropFirst()) },
            unpackFailureMessage: unpackFailureMessage, refusalWriter: refusalWriter, isCall: isCall, handler: handler)
        if let index = entries.firstIndex(where: { $0.segments == segments }) {
            precondition(
                !entries[index].routes.contains { $0.method == method }, "one handler for \(method) \(pattern)")
            entries[index].routes.append(route)
        } else {
            let index = entries.firstIndex { Self.isMoreSpecific(segments, than: $0.segments) } ?? entries.endIndex
            entries.insert(Entry(segments: segments, routes: [route]), at: index)
        }
    }

    /// Serves every route, those of later too, below `prefix` as well as at the root.
    public mutating func mount(prefix: String) {
        precondition(prefix.hasPrefix("/") && prefix.count > 1, "a prefix starts with a slash and has a name")
        let segments = prefix.split(separator: "/").map(String.init)
        precondition(!mountPrefixes.contains { $0.segments == segments }, "a prefix is mounted once")
        mountPrefixes.append(("/" + segments.joined(separator: "/"), segments))
    }

    /// Every method and pattern, in no particular order.
    public var routes: [(method: HTTPMethod, pattern: String)] {
        entries.flatMap { $0.routes.map { ($0.method, $0.pattern) } }
    }
}

// MARK: - Matching

extension HTTPRouter {
    /// Paths of more segments match nothing.
    private static let segmentCountMax = 32

    /// Orders patterns of one length; those of different lengths never compete.
    private static func isMoreSpecific(_ left: [Segment], than right: [Segment]) -> Bool {
        guard left.count == right.count else { return false }
        for (left, right) in zip(left, right) where (left == .parameter) != (right == .parameter) {
            return right == .parameter
        }
        return false
    }

    /// The route for a path in the head. `scratch` is working space.
    func match(
        _ method: HTTPMethod, path: Range<Int>, of storage: RequestStorage, scratch: inout [Range<Int>]
    ) -> Match {
        let head = storage.head
        let bytes = head.span
        guard Self.split(path, of: bytes, into: &scratch) else { return .notFound }
        var best = match(method, bytes, scratch[...], mountPrefix: "", storage)
        for prefix in mountPrefixes {
            guard case .notFound = best else { break }
            let count = prefix.segments.count
            guard scratch.count >= count,
                (0..<count).allSatisfy({ Self.isLiteral(prefix.segments[$0], bytes.extracting(scratch[$0])) })
            else { continue }
            best = match(method, bytes, scratch[count...], mountPrefix: prefix.text, storage)
        }
        return best
    }

    private func match(
        _ method: HTTPMethod, _ bytes: Span<UInt8>, _ parts: ArraySlice<Range<Int>>, mountPrefix: String,
        _ storage: RequestStorage
    ) -> Match {
        let wanted = method == .head ? .get : method
        var allowed: Entry?
        for entry in entries where entry.segments.count == parts.count {
            guard Self.matches(entry.segments, bytes, parts) else { continue }
            guard let route = entry.routes.first(where: { $0.method == wanted }) else {
                allowed = allowed ?? entry
                continue
            }
            let ranges =
                route.parameterNames.isEmpty
                ? [] : zip(entry.segments, parts).filter { $0.0 == .parameter }.map(\.1)
            return .found(
                route,
                HTTPParameters(
                    mountPrefix: mountPrefix, storage: storage, names: route.parameterNames, ranges: ranges))
        }
        guard let allowed else { return .notFound }
        var methods = allowed.routes.map(\.method.rawValue)
        if methods.contains("GET") { methods.append("HEAD") }
        return .wrongMethod(allowed: (methods + ["OPTIONS"]).joined(separator: ", "))
    }

    private static func matches(_ segments: [Segment], _ bytes: Span<UInt8>, _ parts: ArraySlice<Range<Int>>) -> Bool {
        var index = parts.startIndex
        for segment in segments {
            let part = parts[index]
            index += 1
            switch segment {
            case .literal(let text):
                guard isLiteral(text, bytes.extracting(part)) else { return false }
            case .parameter:
                guard !part.isEmpty else { return false }
            }
        }
        return true
    }

    private static func isLiteral(_ text: String, _ part: Span<UInt8>) -> Bool {
        if part.isEqual(to: text) { return true }
        for index in 0..<part.count where part[index] == ASCII.percent {
            return percentDecoded(part) == text
        }
        return false
    }

    /// Where the path's segments stand. False: there are too many.
    private static func split(_ path: Range<Int>, of bytes: Span<UInt8>, into parts: inout [Range<Int>]) -> Bool {
        parts.removeAll(keepingCapacity: true)
        var start = path.lowerBound
        while start < path.upperBound && bytes[start] == ASCII.slash { start += 1 }
        while start < path.upperBound {
            var end = start
            while end < path.upperBound && bytes[end] != ASCII.slash { end += 1 }
            guard parts.count < segmentCountMax else { return false }
            parts.append(start..<end)
            start = end + 1
        }
        return true
    }
}
