/// Takes an HTTP/1.1 request (RFC 9112) apart as its bytes arrive. Pure: no I/O, no clock.
///
/// The head is copied into a `RequestStorage`; body bytes are reported as ranges of the input. After a failure nothing
/// more can be read from the connection.
struct RequestParser {
    enum Failure: Error, Equatable {
        case malformed(String)
        case headTooLarge
        case bodyTooLarge
        case unsupportedVersion
        case unsupportedTransferCoding
    }

    enum Event {
        case needMore  // the input is used up
        case head  // the properties below hold for the request
        case body(Range<Int>)  // of the input; chunk framing is left out
        case end  // the next byte belongs to the next request
        case failed(Failure)
    }

    private enum State {
        case requestLine, fieldLine, bodyStart
        case fixedBody(remaining: Int)
        case chunkSize, chunkData(remaining: Int), chunkEnd, trailer
        case failed(Failure)
    }

    let headByteCountMax: Int
    let bodyByteCountMax: Int
    /// More field lines than this are taken for an attack.
    static let fieldCountMax = 512

    private(set) var method = HTTPMethod.other
    /// Where the path (starting with `/`, or `*`) and the query (without its `?`) stand in the head.
    private(set) var path = 0..<0
    private(set) var query = 0..<0
    private(set) var isVersion10 = false
    private(set) var keepsAlive = true
    private(set) var expectsContinue = false
    /// As announced; nil when chunked.
    private(set) var contentLength: Int? = 0
    /// Where the value of `content-encoding` stands in the head; nil without one. Empty when there are several.
    private(set) var contentEncoding: Range<Int>?

    private var state = State.requestLine
    private var lineStart = 0
    private var hasContentLength = false
    private var isChunked = false
    private var lineByteCount = 0  // of a chunk-size line or of all trailers
    private var chunkByteCount = 0
    private var chunkHasDigit = false
    private var chunkDigitsEnded = false
    private var chunkLineEnds = false  // its carriage return has come
    private var bodyByteCount = 0

    init(headByteCountMax: Int, bodyByteCountMax: Int) {
        self.headByteCountMax = headByteCountMax
        self.bodyByteCountMax = bodyByteCountMax
    }

    /// Whether no byte of a request has been taken yet.
    var isAtStart: Bool {
        if case .requestLine = state { lineStart == 0 } else { false }
    }

    /// Readies the parser for the next request of the connection.
    mutating func reset() {
        self = RequestParser(headByteCountMax: headByteCountMax, bodyByteCountMax: bodyByteCountMax)
    }

    /// The next thing found in `input` from `position` on, which is moved past it.
    mutating func next(_ input: Span<UInt8>, _ position: inout Int, _ storage: RequestStorage) -> Event {
        do throws(Failure) {
            return try advance(input, &position, storage)
        } catch {
            state = .failed(error)
            return .failed(error)
        }
    }

    private mutating func advance(
        _ input: Span<UInt8>, _ position: inout Int, _ storage: RequestStorage
    ) throws(Failure) -> Event {
        while true {
            switch state {
            case .requestLine, .fieldLine:
                guard try takeLine(input, &position, storage) else { return .needMore }
                if try headEnds(storage) { return .head }
            case .bodyStart:
                if isChunked {
                    state = .chunkSize
                } else if let contentLength, contentLength > 0 {
                    state = .fixedBody(remaining: contentLength)
                } else {
                    return .end
                }
            case .fixedBody(let remaining):
                guard remaining > 0 else { return .end }
                guard position < input.count else { return .needMore }
                let start = position
                position += min(remaining, input.count - position)
                state = .fixedBody(remaining: remaining - (position - start))
                return .body(start..<position)
            case .chunkData(let remaining):
                guard position < input.count else { return .needMore }
                let start = position
                position += min(remaining, input.count - position)
                let rest = remaining - (position - start)
                state = rest > 0 ? .chunkData(remaining: rest) : .chunkEnd
                return .body(start..<position)
            case .chunkSize, .chunkEnd, .trailer:
                guard position < input.count else { return .needMore }
                let byte = input[position]
                position += 1
                if try chunkFramingEnds(byte) { return .end }
            case .failed(let failure):
                throw failure
            }
        }
    }
}

// MARK: - Head

extension RequestParser {
    /// Copies up to and with the next line feed into the head. False: the input ended first.
    private mutating func takeLine(
        _ input: Span<UInt8>, _ position: inout Int, _ storage: RequestStorage
    ) throws(Failure) -> Bool {
        let start = position
        var end = start
        while end < input.count && input[end] != ASCII.lineFeed { end += 1 }
        let isWhole = end < input.count
        position = isWhole ? end + 1 : end
        guard storage.head.count + (position - start) <= headByteCountMax else { throw .headTooLarge }
        input.extracting(start..<position).withUnsafeBufferPointer { storage.head.append(contentsOf: $0) }
        return isWhole
    }

    /// Reads the line just completed. True: it was the empty line that ends the head.
    private mutating func headEnds(_ storage: RequestStorage) throws(Failure) -> Bool {
        let head = storage.head
        let bytes = head.span
        var end = bytes.count - 1
        if end > lineStart, bytes[end - 1] == ASCII.carriageReturn { end -= 1 }
        let line = lineStart..<end
        lineStart = bytes.count
        if case .requestLine = state {
            // Empty lines before a request are passed over (RFC 9112, section 2.2).
            if line.isEmpty { return false }
            try readRequestLine(bytes, line)
            state = .fieldLine
            return false
        }
        if line.isEmpty {
            try settleFraming()
            state = .bodyStart
            return true
        }
        guard storage.fields.count < Self.fieldCountMax else { throw .headTooLarge }
        storage.fields.append(try readField(bytes, line))
        return false
    }

    private mutating func readRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Failure) {
        var index = line.lowerBound
        while index < line.upperBound && ASCII.isTokenByte(bytes[index]) { index += 1 }
        guard index > line.lowerBound, index < line.upperBound, bytes[index] == ASCII.space else {
            throw .malformed("Malformed request line")
        }
        method = HTTPMethod(bytes.extracting(line.lowerBound..<index))
        let target = index + 1
        index = target
        while index < line.upperBound && bytes[index] > ASCII.space && bytes[index] != 127 { index += 1 }
        guard index > target, index < line.upperBound, bytes[index] == ASCII.space else {
            throw .malformed("Malformed request line")
        }
        try readTarget(bytes, target..<index)
        let version = bytes.extracting(index + 1..<line.upperBound)
        if version.isEqual(to: "HTTP/1.1") {
            isVersion10 = false
        } else if version.isEqual(to: "HTTP/1.0") {
            isVersion10 = true
            keepsAlive = false
        } else if version.count == 8, version.extracting(first: 5).isEqual(to: "HTTP/") {
            throw .unsupportedVersion
        } else {
            throw .malformed("Malformed request line")
        }
    }

    private mutating func readTarget(_ bytes: Span<UInt8>, _ target: Range<Int>) throws(Failure) {
        var start = target.lowerBound
        if bytes[start] != ASCII.slash {
            if target.count == 1, bytes[start] == UInt8(ascii: "*") {
                path = target
                return
            }
            // An absolute form, as sent to proxies: http://host/path
            for scheme in ["http://", "https://"] where target.count > scheme.utf8.count {
                let end = start + scheme.utf8.count
                if start == target.lowerBound, bytes.extracting(start..<end).isEqualIgnoringCase(to: scheme) {
                    start = end
                }
            }
            guard start > target.lowerBound else { throw .malformed("Malformed request target") }
            while start < target.upperBound && bytes[start] != ASCII.slash && bytes[start] != UInt8(ascii: "?") {
                start += 1
            }
        }
        var end = start
        while end < target.upperBound && bytes[end] != UInt8(ascii: "?") && bytes[end] != UInt8(ascii: "#") { end += 1 }
        path = start..<end
        var queryEnd = end
        while queryEnd < target.upperBound && bytes[queryEnd] != UInt8(ascii: "#") { queryEnd += 1 }
        query = min(end + 1, queryEnd)..<queryEnd
    }

    private mutating func readField(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(Failure) -> HeaderField {
        var nameEnd = line.lowerBound
        while nameEnd < line.upperBound && ASCII.isTokenByte(bytes[nameEnd]) { nameEnd += 1 }
        guard nameEnd > line.lowerBound, nameEnd < line.upperBound, bytes[nameEnd] == ASCII.colon else {
            throw .malformed("Malformed header field")
        }
        var start = nameEnd + 1
        var end = line.upperBound
        while start < end && (bytes[start] == ASCII.space || bytes[start] == ASCII.tab) { start += 1 }
        while end > start && (bytes[end - 1] == ASCII.space || bytes[end - 1] == ASCII.tab) { end -= 1 }
        for index in start..<end where !ASCII.isFieldValueByte(bytes[index]) {
            throw .malformed("Malformed header field")
        }
        let name = bytes.extracting(line.lowerBound..<nameEnd)
        let value = bytes.extracting(start..<end)
        switch name.count {
        case 6 where name.isEqualIgnoringCase(to: "expect"):
            expectsContinue = value.isEqualIgnoringCase(to: "100-continue")
        case 10 where name.isEqualIgnoringCase(to: "connection"):
            readConnectionOptions(value)
        case 14 where name.isEqualIgnoringCase(to: "content-length"):
            try readContentLength(value)
        case 16 where name.isEqualIgnoringCase(to: "content-encoding"):
            contentEncoding = contentEncoding == nil ? start..<end : 0..<0
        case 17 where name.isEqualIgnoringCase(to: "transfer-encoding"):
            guard !isChunked, value.isEqualIgnoringCase(to: "chunked") else { throw .unsupportedTransferCoding }
            isChunked = true
        default:
            break
        }
        return HeaderField(
            nameStart: Int32(line.lowerBound), nameEnd: Int32(nameEnd), valueStart: Int32(start), valueEnd: Int32(end))
    }

    private mutating func readConnectionOptions(_ value: Span<UInt8>) {
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count && value[end] != UInt8(ascii: ",") { end += 1 }
            var first = start
            var last = end
            while first < last && value[first] <= ASCII.space { first += 1 }
            while last > first && value[last - 1] <= ASCII.space { last -= 1 }
            let option = value.extracting(first..<last)
            if option.isEqualIgnoringCase(to: "close") { keepsAlive = false }
            if option.isEqualIgnoringCase(to: "keep-alive"), isVersion10 { keepsAlive = true }
            start = end + 1
        }
    }

    private mutating func readContentLength(_ value: Span<UInt8>) throws(Failure) {
        guard value.count > 0 else { throw .malformed("Malformed content-length") }
        var length = 0
        for index in 0..<value.count {
            guard case 48...57 = value[index] else { throw .malformed("Malformed content-length") }
            // Anything beyond is too large whatever it is exactly.
            length = min(length &* 10 &+ Int(value[index] &- 48), 1 << 56)
        }
        guard !hasContentLength || contentLength == length else { throw .malformed("Two different content-lengths") }
        hasContentLength = true
        contentLength = length
    }

    private mutating func settleFraming() throws(Failure) {
        if isChunked {
            // Both, or chunks from a client too old for them, smell of request smuggling (RFC 9112, section 6.1).
            guard !hasContentLength, !isVersion10 else { throw .malformed("Ambiguous body length") }
            contentLength = nil
        }
    }
}

// MARK: - Chunks

extension RequestParser {
    /// Bytes that chunk extensions, or all trailers, may take.
    private static let chunkLineByteCountMax = 4096

    /// Takes one byte of chunk framing. True: the request is complete.
    private mutating func chunkFramingEnds(_ byte: UInt8) throws(Failure) -> Bool {
        lineByteCount += 1
        guard lineByteCount <= Self.chunkLineByteCountMax else { throw .malformed("Malformed chunk") }
        switch state {
        case .chunkSize:
            try readChunkSize(byte)
        case .chunkEnd:
            if byte == ASCII.lineFeed {
                lineByteCount = 0
                state = .chunkSize
            } else if byte != ASCII.carriageReturn || lineByteCount > 1 {
                throw .malformed("Malformed chunk")
            }
        default:
            // `lineStart` counts the bytes of the trailer line so far; its content is passed over.
            if byte == ASCII.lineFeed {
                if lineStart == 0 { return true }
                lineStart = 0
            } else if byte != ASCII.carriageReturn {
                lineStart += 1
            }
        }
        return false
    }

    private mutating func readChunkSize(_ byte: UInt8) throws(Failure) {
        guard !chunkLineEnds || byte == ASCII.lineFeed else { throw .malformed("Malformed chunk") }
        if !chunkDigitsEnded, let digit = ASCII.hexDigit(byte) {
            chunkHasDigit = true
            chunkByteCount = chunkByteCount << 4 | Int(digit)
            guard bodyByteCount + chunkByteCount <= bodyByteCountMax else { throw .bodyTooLarge }
            return
        }
        guard chunkHasDigit else { throw .malformed("Malformed chunk") }
        if byte == ASCII.lineFeed {
            if chunkByteCount == 0 {
                lineStart = 0
                state = .trailer
            } else {
                state = .chunkData(remaining: chunkByteCount)
            }
            bodyByteCount += chunkByteCount
            (lineByteCount, chunkByteCount) = (0, 0)
            (chunkHasDigit, chunkDigitsEnded, chunkLineEnds) = (false, false, false)
        } else if byte == UInt8(ascii: ";") || byte == ASCII.space || byte == ASCII.tab {
            chunkDigitsEnded = true
        } else if byte == ASCII.carriageReturn {
            chunkLineEnds = true
        } else if !chunkDigitsEnded || !ASCII.isFieldValueByte(byte) {
            throw .malformed("Malformed chunk")
        }
    }
}
