internal import WireFormats

/// What kind of server a cluster is made of.
public struct OpenSearchVersion: Sendable, Equatable, CustomStringConvertible {
    public enum Distribution: String, Sendable {
        case openSearch = "OpenSearch"
        case elasticsearch = "Elasticsearch"
    }

    public let distribution: Distribution
    /// Such as `2.19.1`.
    public let number: String

    public var major: Int { Int(number.prefix { $0 != "." }) ?? 0 }

    /// Whether templates go to `_index_template`, as Jaeger has it, rather than to `_template`.
    public var hasComposableTemplates: Bool { distribution == .elasticsearch && major >= 8 }

    public var description: String { "\(distribution.rawValue) \(number)" }

    /// Of the answer to `GET /`; nil if it is none.
    init?(body: [UInt8]) {
        var number: String?
        var distribution = Distribution.elasticsearch
        let isRead = body.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            do throws(DecodeError) {
                try scanner.expect(UInt8(ascii: "{"))
                var isFirst = true
                while let key = try scanner.nextKey(isFirst: &isFirst) {
                    if key.equals("tagline") {
                        // Clusters may be told to give themselves out for Elasticsearch 7.10.
                        if try Self.text(&scanner).hasPrefix("The OpenSearch Project") { distribution = .openSearch }
                    } else if key.equals("version") {
                        try scanner.expect(UInt8(ascii: "{"))
                        var isFirst = true
                        while let key = try scanner.nextKey(isFirst: &isFirst) {
                            if key.equals("number") {
                                number = try Self.text(&scanner)
                            } else if key.equals("distribution") {
                                if try Self.text(&scanner) == "opensearch" { distribution = .openSearch }
                            } else {
                                try scanner.skipValue()
                            }
                        }
                    } else {
                        try scanner.skipValue()
                    }
                }
                return true
            } catch {
                return false
            }
        }
        guard isRead, let number, number.first?.isNumber == true else { return nil }
        self.distribution = distribution
        self.number = number
    }

    private static func text(_ scanner: inout JSONScanner) throws(DecodeError) -> String {
        String(decoding: try scanner.readString(), as: UTF8.self)
    }
}

extension OpenSearchClient {
    /// Asks a node what it is. Blocks.
    public func version() throws(OpenSearchError) -> OpenSearchVersion {
        let response = try perform(OpenSearchRequest("GET", "/"))
        guard let version = OpenSearchVersion(body: response.body) else {
            throw OpenSearchError(
                .badAnswer, "\(response.node) does not answer as OpenSearch or Elasticsearch", status: response.status)
        }
        return version
    }
}
