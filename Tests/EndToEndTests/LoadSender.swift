import Glibc
import Synchronization
import TestSupport

/// What was sent, and what of it was accepted: span IDs by trace ID.
struct Ledger: Sendable {
    var sent: [UInt64: Set<UInt64>] = [:]
    var accepted: [UInt64: Set<UInt64>] = [:]
    /// Answers that a well-formed post should not have got.
    var surprises: [String] = []

    mutating func merge(_ other: Ledger) {
        sent.merge(other.sent) { $0.union($1) }
        accepted.merge(other.accepted) { $0.union($1) }
        surprises += other.surprises
    }
}

/// Senders that post small batches, each on a connection of its own, until the server goes away.
struct LoadSender: Sendable {
    let service: String
    let epochMicroseconds: Int64

    static let connections = 4

    /// Posts that were accepted so far, of all connections.
    private final class Progress: Sendable {
        let acceptedCount = Atomic(0)
    }

    private let progress = Progress()

    init(service: String, epochMicroseconds: Int64) {
        self.service = service
        self.epochMicroseconds = epochMicroseconds
    }

    /// Waits until a post is accepted.
    func waitUntilAccepted(seconds: Int = 60) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while progress.acceptedCount.load(ordering: .relaxed) == 0 {
            guard ContinuousClock.now < deadline else { throw TestSupportError("nothing accepted in \(seconds) s") }
            usleep(2_000)
        }
    }

    /// Starts all senders. `join` each to have its ledger, once the server has gone.
    func start(on port: UInt16, generator: inout SeededGenerator) -> [BackgroundThread<Ledger>] {
        (0..<Self.connections).map { _ in
            let own = SeededGenerator(seed: generator.next())
            return BackgroundThread { send(to: port, generator: own) }
        }
    }

    private func send(to port: UInt16, generator: SeededGenerator) -> Ledger {
        var generator = generator
        var ledger = Ledger()
        var lastTrace: UInt64?
        do {
            let connection = try HTTPConnection(port: port)
            while connection.isOpen {
                var batch: [(trace: UInt64, span: UInt64)] = []
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    // Traces come in several posts, as those of a mesh do.
                    let continued = Bool.random(using: &generator) ? lastTrace : nil
                    let trace = continued ?? generator.next()
                    lastTrace = trace
                    for _ in 0..<Int.random(in: 1...4, using: &generator) {
                        batch.append((trace, generator.next()))
                    }
                }
                for entry in batch {
                    ledger.sent[entry.trace, default: []].insert(entry.span)
                }
                let body = try ZipkinSpan.encodeList(batch.map { span($0.span, of: $0.trace) })
                let response = try connection.request(
                    "POST", "/api/v2/spans", headers: [("content-type", "application/json")], body: .bytes(body))
                switch response.status {
                case 202:
                    for entry in batch {
                        ledger.accepted[entry.trace, default: []].insert(entry.span)
                    }
                    progress.acceptedCount.add(1, ordering: .relaxed)
                case 503:  // refused, so it must not be stored either
                    for entry in batch {
                        ledger.sent[entry.trace]?.remove(entry.span)
                    }
                default:
                    ledger.surprises.append("\(response.status): \(response.text.prefix(200))")
                }
                usleep(UInt32.random(in: 0...3_000, using: &generator))
            }
        } catch is HTTPConnectionError {
            // The server has gone: what had no answer is sent, and not accepted.
        } catch {
            ledger.surprises.append("\(error)")
        }
        return ledger
    }

    private func span(_ id: UInt64, of trace: UInt64) -> ZipkinSpan {
        .made(traceID: trace, spanID: id, service: service, epochMicroseconds: epochMicroseconds)
    }

    /// Why the stored trace is not what it must be: every accepted span, none that was not sent, each as it was sent.
    func mistakes(in trace: UInt64, ledger: Ledger, client: SkeinClient) throws -> [String] {
        let traceID = ZipkinSpan.hexadecimal(trace) + ZipkinSpan.hexadecimal(~trace)
        let stored = try client.zipkinTrace(traceID)?.comparable ?? []
        let expected = Dictionary(
            uniqueKeysWithValues: (ledger.sent[trace] ?? []).map {
                (ZipkinSpan.hexadecimal($0), span($0, of: trace).asStored)
            })
        var mistakes = stored.filter { $0 != expected[$0.id] }.map { "\(traceID): stored, and never sent so: \($0)" }
        let storedIDs = stored.map(\.id)
        if Set(storedIDs).count != storedIDs.count { mistakes.append("\(traceID): a span is stored twice") }
        let lost = Set((ledger.accepted[trace] ?? []).map { ZipkinSpan.hexadecimal($0) }).subtracting(storedIDs)
        if !lost.isEmpty { mistakes.append("\(traceID): accepted, and lost: \(lost.sorted())") }
        return mistakes
    }

    /// The same for all traces, and for what a search by the service finds.
    func mistakes(in ledger: Ledger, client: SkeinClient) throws -> [String] {
        var mistakes = ledger.surprises
        for trace in ledger.sent.keys {
            mistakes += try self.mistakes(in: trace, ledger: ledger, client: client)
        }
        let found = Set(try client.zipkinSearch(service: service).compactMap(\.first?.traceId))
        let identify = { ZipkinSpan.hexadecimal($0) + ZipkinSpan.hexadecimal(~$0) }
        mistakes += found.subtracting(ledger.sent.keys.map(identify)).map { "\($0): found, and never sent" }
        mistakes += Set(ledger.accepted.keys.map(identify)).subtracting(found).map { "\($0): accepted, and not found" }
        return mistakes
    }
}
