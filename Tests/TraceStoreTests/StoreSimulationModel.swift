import TestSupport
import TraceModel

/// What a store must answer, kept in a plain dictionary.
struct StoreModel {
    enum Standing: Equatable {
        case kept  // acknowledged, or found after a crash
        case refused
        case unanswered  // on its way when the crash came
        case gone  // expired, or lost with the power where that is allowed
    }

    /// What was sent with one call.
    struct Batch {
        let number: Int
        /// Every span as text, by trace.
        var spans: [TraceID: [String]]
        /// The traces with spans of each service.
        var services: [String: Set<TraceID>] = [:]
        /// A value that no other span has, and its trace.
        var tags: [(value: String, traceID: TraceID)] = []
        var standing = Standing.unanswered
        /// Must outlast a power cut.
        var isSafe = false
        /// A fault kept the journal from taking a refused batch back for certain.
        var mayReturnAfterKill = false
        var mayReturnAfterPowerCut = false

        var spanCount: Int { spans.values.reduce(0) { $0 + $1.count } }
    }

    enum Crash { case none, kill, powerCut }

    private(set) var batches: [Batch] = []
    private var batchOfSpan: [String: Int] = [:]

    var traceIDs: Set<TraceID> { batches.reduce(into: []) { $0.formUnion($1.spans.keys) } }
    var kept: [Batch] { batches.filter { $0.standing == .kept } }
    var keptSpanCount: Int { kept.reduce(0) { $0 + $1.spanCount } }

    mutating func add(_ batch: Batch) {
        for text in batch.spans.values.joined() { batchOfSpan[text] = batch.number }
        batches.append(batch)
    }

    /// A trace was dropped: from what is kept it is gone.
    mutating func forget(_ traceID: TraceID) {
        for number in batches.indices where batches[number].standing == .kept {
            batches[number].spans[traceID] = nil
            if batches[number].spans.isEmpty { batches[number].standing = .gone }
            batches[number].tags.removeAll { $0.traceID == traceID }
            batches[number].services = batches[number].services.mapValues { $0.subtracting([traceID]) }
                .filter { !$0.value.isEmpty }
        }
    }

    mutating func update(_ number: Int, _ change: (inout Batch) -> Void) { change(&batches[number]) }

    /// All that is kept now outlasts a power cut.
    mutating func markKeptSafe() {
        for number in batches.indices where batches[number].standing == .kept { batches[number].isSafe = true }
    }

    func spans(of traceID: TraceID) -> [String] { kept.flatMap { $0.spans[traceID] ?? [] }.sorted() }

    func traceIDs(ofService service: String) -> Set<TraceID> {
        kept.reduce(into: []) { $0.formUnion($1.services[service] ?? []) }
    }

    /// Takes over what a store holds after a crash, if it may.
    /// - Parameter found: the spans of each trace as text.
    /// - Returns: what is wrong; nil if nothing is.
    mutating func adopt(_ found: [TraceID: [String]], after crash: Crash) -> String? {
        var counts: [Int: Int] = [:]
        for (traceID, texts) in found {
            if Set(texts).count != texts.count { return "trace \(traceID) has a span twice" }
            for text in texts {
                guard let number = batchOfSpan[text], batches[number].spans[traceID]?.contains(text) == true else {
                    return "trace \(traceID) has a span that was never sent: \(text)"
                }
                counts[number, default: 0] += 1
            }
        }
        for number in batches.indices {
            let count = counts[number] ?? 0
            if count != 0 && count != batches[number].spanCount { return "batch \(number) is there in part" }
            if let mistake = adopt(number, isThere: count > 0, after: crash) { return mistake }
        }
        return nil
    }

    private mutating func adopt(_ number: Int, isThere: Bool, after crash: Crash) -> String? {
        let batch = batches[number]
        switch (batch.standing, isThere) {
        case (.kept, true), (.refused, false), (.gone, false):
            break
        case (.kept, false):
            guard crash == .powerCut && !batch.isSafe else { return "batch \(number) was acknowledged, and is lost" }
            batches[number].standing = .gone
        case (.unanswered, _):
            batches[number].standing = isThere ? .kept : .gone
        case (.refused, true):
            let mayReturn = crash == .powerCut ? batch.mayReturnAfterPowerCut : batch.mayReturnAfterKill
            guard mayReturn else { return "batch \(number) was refused, and came back" }
            batches[number].standing = .kept
        case (.gone, true):
            return "batch \(number) was gone, and came back"
        }
        if crash == .powerCut && batches[number].standing == .kept { batches[number].isSafe = true }
        return nil
    }

    /// Takes over which batches have expired: whole segments of the oldest.
    mutating func adoptExpiry(_ found: [TraceID: [String]], liveSpanCount: Int) -> String? {
        let present = Set(found.values.joined().compactMap { batchOfSpan[$0] })
        let before = kept
        let expired = before.filter { !present.contains($0.number) }
        let expiredSpanCount = expired.reduce(0) { $0 + $1.spanCount }
        if let last = expired.last?.number, let first = present.min(), first < last {
            return "batch \(last) expired before batch \(first), which is older"
        }
        if found.values.reduce(0, { $0 + $1.count }) != keptSpanCount - expiredSpanCount {
            return "a batch expired in part"
        }
        if keptSpanCount - expiredSpanCount < liveSpanCount { return "a batch expired that was in no segment" }
        for batch in expired { batches[batch.number].standing = .gone }
        return nil
    }
}
