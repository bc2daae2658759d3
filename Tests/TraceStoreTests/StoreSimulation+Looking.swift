import Glibc
import Journal
import TestSupport
import TraceModel

@testable import TraceStore

/// What a simulation found wrong, with all that led to it.
struct SimulationFailure: Error, CustomStringConvertible {
    let description: String
}

extension StoreSimulation {
    func check(_ isTrue: Bool, _ mistake: @autoclosure () -> String) throws {
        if isTrue { return }
        throw SimulationFailure(
            description: "SKEIN_SEED=\(seed): \(mistake()), after\n" + log.suffix(60).joined(separator: "\n"))
    }

    /// Waits, within reason, for what another thread will do.
    func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<20_000 {
            if condition() { return true }
            usleep(500)
        }
        return false
    }

    /// All that the store has of all traces ever sent.
    func everything() throws -> [TraceID: [String]] {
        var found: [TraceID: [String]] = [:]
        for traceID in model.traceIDs {
            if let trace = try store.trace(traceID) { found[traceID] = trace.spans.map(\.canonicalText) }
        }
        return found
    }

    /// Holds the store against the model, and goes on from what it has.
    /// - Parameter isJustOpened: then no file is left of what failed before.
    func lookAtEverything(after crash: StoreModel.Crash, isJustOpened: Bool = true) throws {
        try check(openStore != nil, "the store cannot be opened")
        let mistake = model.adopt(try everything(), after: crash)
        try check(mistake == nil, mistake ?? "")
        if options.journal.syncMode != .never && !faults.hasDoubtfulBytes { model.markKeptSafe() }
        let statistics = store.statistics()
        try check(
            statistics.liveSpanCount + statistics.segmentSpanCount == model.keptSpanCount,
            "\(statistics.liveSpanCount) live and \(statistics.segmentSpanCount) stored spans are not "
                + "\(model.keptSpanCount)")
        let names = files.paths().filter { $0.hasPrefix(folder.path + "/segments/") }
        try check(
            !isJustOpened || names.count == statistics.segmentCount,
            "\(names.count) files for \(statistics.segmentCount) segments")
        try check(files.openFileCount() <= statistics.segmentCount + 4, "\(files.openFileCount()) files are open")
        let problems = try store.verify { _, _ in }
        try check(problems.isEmpty, "verify: \(problems)")
        for service in ["cart", "shop", "pay", "rare-0", "rare-1"] { try search(service: service) }
        let services = Set(model.kept.flatMap(\.services.keys))
        try check(try store.serviceNames() == services.sorted(), "the services are not \(services.sorted())")
        for batch in model.batches.suffix(8) { try search(tagOf: batch) }
    }

    /// Asks a few questions; under trouble the answers may lack something, and never have anything wrong.
    func look() throws {
        let traceIDs = model.traceIDs.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
        for traceID in traceIDs.shuffled(using: &random).prefix(4) {
            let found: [String]
            do {
                found = try store.trace(traceID)?.spans.map(\.canonicalText).sorted() ?? []
            } catch {
                try check(faults.isReadingTroubled, "trace \(traceID): \(error)")
                continue
            }
            let expected = model.spans(of: traceID)
            let isRight = faults.isReadingTroubled ? Set(found).isSubset(of: expected) : found == expected
            try check(isRight, "trace \(traceID) has \(found.count) spans of \(expected.count)")
            try check(Set(found).count == found.count, "trace \(traceID) has a span twice")
        }
        if let batch = model.batches.randomElement(using: &random) { try search(tagOf: batch) }
        try search(service: ["cart", "shop", "rare-2"].randomElement(using: &random) ?? "cart")
    }

    private func search(service: String) throws {
        let rules: TraceQuery.Rules = chance(50) ? .anySpans : .oneSpan
        let expected = model.traceIDs(ofService: service)
        try search(rules, expected, "service \(service)") { $0.serviceName = service }
    }

    private func search(tagOf batch: StoreModel.Batch) throws {
        guard let tag = batch.tags.randomElement(using: &random) else { return }
        let expected: Set<TraceID> = batch.standing == .kept ? [tag.traceID] : []
        let target: TraceQuery.AttributeClause.Target =
            chance(50) ? .attribute(value: tag.value) : .anywhere(value: tag.value)
        try search(.oneSpan, expected, "batch \(batch.number), \(batch.standing), by \(tag.value)") { query in
            query.attributes = [.init(key: "tag", target: target)]
        }
    }

    private func search(
        _ rules: TraceQuery.Rules, _ expected: Set<TraceID>, _ what: String, _ configure: (inout TraceQuery) -> Void
    ) throws {
        var query = TraceQuery(rules: rules, startMin: 0, startMax: .max, limit: 10_000)
        configure(&query)
        do {
            let found = try store.find(query).traces.map(\.traceID)
            let isRight = faults.isReadingTroubled ? expected.isSuperset(of: found) : expected == Set(found)
            try check(
                isRight && Set(found).count == found.count,
                "a search for \(what) found \(found.count) traces of \(expected.count)")
        } catch let error as StoreError {
            try check(faults.isReadingTroubled, "a search for \(what): \(error)")
        }
    }
}

extension FaultPlan {
    /// Whether segments may fail to be read.
    var isReadingTroubled: Bool { rates[.read, default: 0] > 0 }
}
