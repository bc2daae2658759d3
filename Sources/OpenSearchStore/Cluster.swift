internal import FoundationEssentials
package import OpenSearch
package import TraceStore

/// A cluster as a place to look things up.
package struct Cluster: Sendable {
    /// Sends a request and waits for the answer's body, or until nobody wants it any more.
    package typealias Exchange = @Sendable (OpenSearchRequest, QueryWork) throws(OpenSearchError) -> [UInt8]

    private let exchange: Exchange
    /// For one request as a whole.
    private let timeout: Duration

    package init(timeout: Duration, exchange: @escaping Exchange) {
        self.timeout = timeout
        self.exchange = exchange
    }

    /// Indices that are not there count as empty ones.
    private static let options = "?ignore_unavailable=true&allow_no_indices=true"
    /// What an answer needs on its way.
    private static let reserve: Duration = .milliseconds(100)

    /// The answer of a search as it came.
    func search(_ indices: IndexWindow, _ body: SearchBody, _ work: QueryWork) throws(StoreError) -> [UInt8] {
        let (own, whole) = try allowance(work)
        let request = OpenSearchRequest(
            "POST", "/\(indices.path)/_search\(Self.options)", body: body.bytes(timeout: own), timeout: whole)
        return try perform(request, work)
    }

    /// The answer of a search without hits.
    func aggregate<Aggregations: Decodable>(
        _ indices: IndexWindow, _ body: SearchBody, _ work: QueryWork, as type: Aggregations.Type
    ) throws(StoreError) -> SearchAnswer<Aggregations> {
        try decode(try search(indices, body, work))
    }

    /// Names of the fields that begin with one of these.
    func fieldNames(
        _ indices: IndexWindow, prefixes: [String], _ work: QueryWork
    ) throws(StoreError) -> [String] {
        struct Fields: Decodable {
            struct Field: Decodable {}
            let fields: [String: Field]
        }
        let names = prefixes.map { $0 + "*" }.joined(separator: ",")
        let (_, whole) = try allowance(work)
        let request = OpenSearchRequest(
            "GET", "/\(indices.path)/_field_caps\(Self.options)&fields=\(names)", timeout: whole)
        let found: Fields = try decode(try perform(request, work))
        return found.fields.keys.sorted()
    }

    func decode<Answer: Decodable>(_ bytes: [UInt8]) throws(StoreError) -> Answer {
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Answer.self, from: Data(bytes))
        } catch {
            throw StoreError(.unreachable, "OpenSearch's answer is not understood: \(error)")
        }
    }

    private func perform(_ request: OpenSearchRequest, _ work: QueryWork) throws(StoreError) -> [UInt8] {
        do {
            return try exchange(request, work)
        } catch {
            // What ended it may have been the query's own bounds.
            try work.check()
            throw StoreError(.unreachable, error.message)
        }
    }

    /// Milliseconds that the cluster has for one search, and what the request as a whole has: the cluster's is less,
    /// so that it tells what it found in time.
    private func allowance(_ work: QueryWork) throws(StoreError) -> (own: Int, whole: Duration) {
        try work.check()
        let left = work.deadline.map { min($0 - .now, timeout) } ?? timeout
        let own = max(left - max(Self.reserve, left / 5), .milliseconds(10))
        let (seconds, attoseconds) = own.components
        return (Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000), max(left, .milliseconds(10)))
    }
}
