internal import TraceModel

/// What an answer to a search says beside what was found.
public struct SearchSummary: Sendable, Equatable {
    /// Documents in the answer.
    public internal(set) var hitCount = 0
    /// Values of the last document by which the answer is sorted, as they stand there: a list in JSON, for
    /// `search_after`. Nil without documents, or without an order.
    public internal(set) var lastSort: String?
    /// Parts of the indices that were not searched.
    public internal(set) var failedShardCount = 0
    /// Why not: each reason once, only the first few.
    public internal(set) var shardFailures: [String] = []
    public internal(set) var isTimedOut = false

    static let shardFailureCountMax = 8

    /// Whether the answer has all that was asked for.
    public var isComplete: Bool { failedShardCount == 0 && !isTimedOut }
}

/// Reads the parts of an answer to a search.
struct SearchAnswerReader: ~Copyable {
    var json: JSONScanner
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        json = JSONScanner(bytes)
    }

    /// Nothing but white space is left.
    mutating func expectEnd() throws(DecodeError) {
        guard json.isAtEnd() else { throw json.malformed("more than an answer") }
    }

    /// Reads an answer.
    /// - Parameter readSource: reads the document of a hit.
    mutating func readAnswer(
        _ readSource: (inout JSONScanner) throws(DecodeError) -> Void
    ) throws(DecodeError) -> SearchSummary {
        var summary = SearchSummary()
        var isFirst = true
        try json.expect(UInt8(ascii: "{"))
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("hits") {
                try readHits(&summary, readSource)
            } else if key.equals("timed_out") {
                summary.isTimedOut = try json.readFlag() || summary.isTimedOut
            } else if key.equals("_shards") {
                try readShards(&summary)
            } else {
                try json.skipValue()
            }
        }
        return summary
    }

    // MARK: Hits

    private mutating func readHits(
        _ summary: inout SearchSummary, _ readSource: (inout JSONScanner) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        guard try json.enterObject() else { return }
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("hits") {
                guard try json.enterList() else { continue }
                var isFirst = true
                while try json.nextElement(isFirst: &isFirst) { try readHit(&summary, readSource) }
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readHit(
        _ summary: inout SearchSummary, _ readSource: (inout JSONScanner) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        summary.hitCount += 1
        summary.lastSort = nil
        var isFirst = true
        try json.expect(UInt8(ascii: "{"))
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("_source") {
                try readSource(&json)
            } else if key.equals("sort") {
                _ = try json.peek()
                let start = json.offset
                try json.skipValue()
                summary.lastSort = String(decoding: bytes[start..<json.offset], as: UTF8.self)
            } else {
                try json.skipValue()
            }
        }
    }

    // MARK: Shards

    private mutating func readShards(_ summary: inout SearchSummary) throws(DecodeError) {
        guard try json.enterObject() else { return }
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("failed") {
                summary.failedShardCount = Int(max(try json.readWhole() ?? 0, 0))
            } else if key.equals("failures") {
                guard try json.enterList() else { continue }
                var isFirst = true
                while try json.nextElement(isFirst: &isFirst) { summary.note(try readFailure()) }
            } else {
                try json.skipValue()
            }
        }
    }

    /// `{"index":...,"reason":{"type":...,"reason":...}}`.
    private mutating func readFailure() throws(DecodeError) -> String? {
        guard try json.enterObject() else { return nil }
        var reason: String?
        var index: String?
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("reason") {
                reason = try json.readReason()
            } else if key.equals("index") {
                index = try json.readOptionalText()
            } else {
                try json.skipValue()
            }
        }
        guard let index else { return reason }
        return "\(index): \(reason ?? "no reason given")"
    }
}

extension SearchSummary {
    fileprivate mutating func note(_ reason: String?) {
        guard let reason, shardFailures.count < Self.shardFailureCountMax, !shardFailures.contains(reason) else {
            return
        }
        shardFailures.append(reason)
    }
}

// Values that may be of another type than one thinks, which is no reason to refuse an answer.
extension JSONScanner {
    /// Enters an object; anything else is skipped.
    mutating func enterObject() throws(DecodeError) -> Bool { try enter(UInt8(ascii: "{")) }

    /// Enters a list; anything else is skipped.
    mutating func enterList() throws(DecodeError) -> Bool { try enter(UInt8(ascii: "[")) }

    private mutating func enter(_ first: UInt8) throws(DecodeError) -> Bool {
        if try take(first) { return true }
        try skipValue()
        return false
    }

    /// False for anything but `true`.
    mutating func readFlag() throws(DecodeError) -> Bool {
        switch try peek() {
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return try readBool()
        default:
            try skipValue()
            return false
        }
    }

    /// A whole number of 64 bits, as such or in quotes; nil for anything else.
    mutating func readWhole() throws(DecodeError) -> Int64? {
        switch try peek() {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "\""):
            var number = JSONNumber(try readNumberText())
            let value = number.readInteger()
            return number.isAtEnd ? value : nil
        default:
            try skipValue()
            return nil
        }
    }

    /// A string; nil for anything else.
    mutating func readOptionalText() throws(DecodeError) -> String? {
        guard try peek() == UInt8(ascii: "\"") else {
            try skipValue()
            return nil
        }
        return String(decoding: try readString(), as: UTF8.self)
    }

    /// Why something failed: a text, or an object with `reason` or `type`.
    mutating func readReason() throws(DecodeError) -> String? {
        guard try peek() == UInt8(ascii: "{") else { return try readOptionalText() }
        var type: String?
        var reason: String?
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while let key = try nextKey(isFirst: &isFirst) {
            if key.equals("reason") {
                reason = try readOptionalText()
            } else if key.equals("type") {
                type = try readOptionalText()
            } else {
                try skipValue()
            }
        }
        return reason ?? type
    }
}
