/// What a terms aggregation found: its buckets, in their order.
public struct SearchBuckets: Sendable, Equatable {
    public struct Bucket: Sendable, Equatable {
        /// A number as its text.
        public let key: String
        public let documentCount: Int
        /// Of the aggregation within it that was asked for.
        public let value: Double?
    }

    public internal(set) var buckets: [Bucket] = []
    /// Documents in buckets that had no room in the answer.
    public internal(set) var otherDocumentCount = 0
    public internal(set) var summary = SearchSummary()

    /// Reads an answer to a search.
    /// - Parameters:
    ///   - name: of the aggregation.
    ///   - value: name of an aggregation of one number within it, such as the greatest of a field.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, of name: String, value: String? = nil
    ) throws(DecodeError) -> SearchBuckets {
        var result = SearchBuckets()
        var reader = SearchAnswerReader(bytes)
        result.summary = try reader.readAnswer { (json) throws(DecodeError) in
            try json.skipValue()
        } readAggregations: { (json) throws(DecodeError) in
            guard try json.enterObject() else { return }
            var isFirst = true
            while let key = try json.nextKey(isFirst: &isFirst) {
                if key.elementsEqual(name.utf8) {
                    try result.readAggregation(&json, value)
                } else {
                    try json.skipValue()
                }
            }
        }
        try reader.expectEnd()
        return result
    }

    private mutating func readAggregation(_ json: inout JSONScanner, _ value: String?) throws(DecodeError) {
        guard try json.enterObject() else { return }
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("buckets") {
                guard try json.enterList() else { continue }
                var isFirst = true
                while try json.nextElement(isFirst: &isFirst) { try readBucket(&json, value) }
            } else if key.equals("sum_other_doc_count") {
                otherDocumentCount = Int(max(try json.readWhole() ?? 0, 0))
            } else {
                try json.skipValue()
            }
        }
    }

    /// One without a key is passed over.
    private mutating func readBucket(_ json: inout JSONScanner, _ valueName: String?) throws(DecodeError) {
        guard try json.enterObject() else { return }
        var bucketKey: String?
        var count: Int64 = 0
        var value: Double?
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("key") {
                bucketKey = try Self.readKey(&json)
            } else if key.equals("doc_count") {
                count = try json.readWhole() ?? 0
            } else if let valueName, key.elementsEqual(valueName.utf8) {
                value = try Self.readValue(&json)
            } else {
                try json.skipValue()
            }
        }
        guard let bucketKey else { return }
        buckets.append(Bucket(key: bucketKey, documentCount: Int(max(count, 0)), value: value))
    }

    private static func readKey(_ json: inout JSONScanner) throws(DecodeError) -> String? {
        switch try json.peek() {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "\""):
            return String(decoding: try json.readNumberText(), as: UTF8.self)
        default:
            try json.skipValue()
            return nil
        }
    }

    /// `{"value":5.0}`.
    private static func readValue(_ json: inout JSONScanner) throws(DecodeError) -> Double? {
        guard try json.enterObject() else { return nil }
        var value: Double?
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("value"), case let next = try json.peek(), next != UInt8(ascii: "n") {
                value = try readKey(&json).flatMap { Double($0) }
            } else {
                try json.skipValue()
            }
        }
        return value
    }
}
