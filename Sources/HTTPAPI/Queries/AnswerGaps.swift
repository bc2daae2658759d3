internal import NetworkServer
internal import TraceStore

/// Says of an answer why something of it may be missing, where its API has no place for it.
enum AnswerGaps {
    static let headerName = "Skein-Incomplete"

    /// In one line of ASCII, as a header has it.
    static func value(_ gap: String) -> String {
        String(decoding: gap.utf8.map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Has an answer of names fail, whose readers would take it for all that there is.
    static func refuse(_ gaps: [String]) throws(StoreError) {
        if let gap = gaps.first { throw StoreError(.unreachable, gap) }
    }

    /// Has a call over gRPC end so that its client does not take what came for all that there is.
    static func end(_ gaps: [String]) throws(GRPCStatus) {
        if let gap = gaps.first { throw GRPCStatus(.unavailable, "the answer is not complete: " + gap) }
    }
}
