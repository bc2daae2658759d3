internal import WireFormats

/// What became of the documents of a bulk request, one by one.
public struct BulkOutcome: Sendable {
    /// A document that is not in the index.
    public struct Problem: Sendable, Equatable {
        /// Place of the document in the request.
        public let document: Int
        public let verdict: Verdict
    }

    public enum Verdict: Sendable, Equatable {
        /// The cluster could not take it now.
        case again(status: Int, reason: String)
        /// The cluster will never take it.
        case rejected(status: Int, type: String, reason: String)
    }

    /// In the order of the documents; empty if all are in the index.
    public private(set) var problems: [Problem] = []

    init() {}

    /// Of an answer's body.
    init(body: [UInt8], documentCount: Int) throws(OpenSearchError) {
        var outcome = BulkOutcome()
        let error = body.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            do throws(DecodeError) {
                let count = try outcome.read(&scanner)
                guard scanner.isAtEnd() else { throw DecodeError(.malformed, "more than one answer", offset: 0) }
                return count == documentCount
                    ? nil : DecodeError(.malformed, "\(count) outcomes for \(documentCount) documents", offset: 0)
            } catch {
                return Optional(error)
            }
        }
        if let error {
            throw OpenSearchError(.badAnswer, "OpenSearch's answer to a bulk request is not understood: \(error)")
        }
        self = outcome
    }

    /// - Returns: how many outcomes there are.
    private mutating func read(_ scanner: inout JSONScanner) throws(DecodeError) -> Int {
        var count = 0
        try scanner.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            guard key.equals("items") else {
                try scanner.skipValue()
                continue
            }
            try scanner.expect(UInt8(ascii: "["))
            var isFirst = true
            while try scanner.nextElement(isFirst: &isFirst) {
                try readItem(&scanner, document: count)
                count += 1
            }
        }
        return count
    }

    /// Such as `{"index":{"status":201}}` or `{"create":{"status":429,"error":{"type":"...","reason":"..."}}}`.
    private mutating func readItem(_ scanner: inout JSONScanner, document: Int) throws(DecodeError) {
        try scanner.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let action = try scanner.nextKey(isFirst: &isFirst) {
            let isCreate = action.equals("create")
            var status = 0
            var answer = ErrorAnswer()
            try scanner.expect(UInt8(ascii: "{"))
            var isFirst = true
            while let key = try scanner.nextKey(isFirst: &isFirst) {
                if key.equals("status") {
                    status = Int(try scanner.readInteger())
                } else if key.equals("error") {
                    answer = try ErrorAnswer(&scanner)
                } else {
                    try scanner.skipValue()
                }
            }
            // There already, from an earlier attempt.
            if (200..<300).contains(status) || (isCreate && status == 409) { continue }
            problems.append(Problem(document: document, verdict: Self.verdict(status, answer)))
        }
    }

    /// A document is rejected for what stands in it, and not for the state of the cluster or our rights there, which
    /// somebody can mend.
    private static func verdict(_ status: Int, _ answer: ErrorAnswer) -> Verdict {
        let isOfDocument = (400..<500).contains(status) && ![401, 403, 408, 429].contains(status)
        // The last: as many shards as the cluster may have.
        let typesOfCluster = ["index_not_found_exception", "cluster_block_exception", "validation_exception"]
        if isOfDocument && !typesOfCluster.contains(answer.type) {
            return .rejected(status: status, type: answer.type, reason: answer.reason)
        }
        return .again(status: status, reason: answer.text)
    }
}
