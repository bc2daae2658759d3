import Compression
import FoundationEssentials
import Glibc
import Ingestion

/// A body to post, and how many spans it brings.
struct SpanPost: Equatable {
    var body: [UInt8]
    var spanCount: Int
    var format = SpanProtocol.zipkinJSON
}

/// Files of spans as bodies of posts; packed with gzip or not.
///
/// A file of Zipkin JSON is one list of spans, or lists or single spans one after another (a line each), one of OTLP
/// JSON holds requests one after another, and any other one body as it is posted.
enum SpanPosts {
    /// Larger lists are sent in parts.
    static let bodyByteCountMax = 4 << 20
    private static let unpackedByteCountMax = 2 << 30

    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - format: nil to go by what the file holds.
    static func read(_ path: String, format: SpanProtocol? = nil) throws -> [SpanPost] {
        var bytes = try contents(path)
        if bytes.starts(with: [0x1f, 0x8b]) {
            var unpacked: [UInt8] = []
            do {
                try bytes.withUnsafeBytes { packed in
                    try Inflater().unpack(packed, onto: &unpacked, byteCountMax: unpackedByteCountMax)
                }
            } catch {
                throw CommandFailure("\(path) cannot be unpacked: \(error)")
            }
            bytes = unpacked
        }
        let found: SpanProtocol
        do {
            found = try format ?? SpanProtocol.detected(in: bytes)
        } catch {
            throw CommandFailure("\(path): \(error)")
        }
        if found == .zipkinJSON {
            guard let posts = posts(bytes[...]) else {
                throw CommandFailure("\(path) is no Zipkin JSON: expected a list of spans, or one a line")
            }
            return posts
        }
        do {
            let bodies = found == .otlpJSON ? JSONSlices.values(bytes[...]).map { Array($0) } : [bytes]
            return try bodies.map { SpanPost(body: $0, spanCount: try found.spanCount(of: $0), format: found) }
        } catch {
            throw CommandFailure("\(path) is no \(found.rawValue): \(error)")
        }
    }

    /// nil if anything but lists and objects stands there.
    static func posts(_ text: ArraySlice<UInt8>, byteCountMax: Int = bodyByteCountMax) -> [SpanPost]? {
        var posts: [SpanPost] = []
        for value in JSONSlices.values(text) {
            switch value.first {
            case UInt8(ascii: "{"):
                posts.append(join([value]))
            case UInt8(ascii: "["):
                let elements = JSONSlices.elements(value)
                if elements.first?.first == UInt8(ascii: "[") {  // a list of traces
                    for trace in elements {
                        posts += lists(trace, JSONSlices.elements(trace), byteCountMax)
                    }
                } else {
                    posts += lists(value, elements, byteCountMax)
                }
            default:
                return nil
            }
        }
        return posts
    }

    private static func lists(
        _ list: ArraySlice<UInt8>, _ spans: [ArraySlice<UInt8>], _ byteCountMax: Int
    ) -> [SpanPost] {
        if list.count <= byteCountMax { return [SpanPost(body: Array(list), spanCount: spans.count)] }
        var posts: [SpanPost] = []
        var part: [ArraySlice<UInt8>] = []
        var byteCount = 0
        for span in spans {
            if byteCount + span.count > byteCountMax, !part.isEmpty {
                posts.append(join(part))
                part = []
                byteCount = 0
            }
            part.append(span)
            byteCount += span.count + 1
        }
        if !part.isEmpty { posts.append(join(part)) }
        return posts
    }

    private static func join(_ spans: [ArraySlice<UInt8>]) -> SpanPost {
        var body: [UInt8] = [UInt8(ascii: "[")]
        for (index, span) in spans.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += span
        }
        body.append(UInt8(ascii: "]"))
        return SpanPost(body: body, spanCount: spans.count)
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    private static func unreadable(_ path: String) -> CommandFailure {
        CommandFailure("\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}
