import Dispatch
import Journal
import Synchronization
import TestSupport
import TraceModel

@testable import TraceStore

extension StoreSimulation {
    /// Answers to the batches of one step.
    final class Answers: Sendable {
        let outcomes = Mutex<[Int: Result<Void, TraceStore.Refusal>]>([:])
        let done = DispatchSemaphore(value: 0)
    }

    typealias Appended = (numbers: [Int], answers: Answers)

    func append(count: Int) throws {
        let appended = try startAppending(count: count)
        for _ in 0..<count { appended.answers.done.wait() }
        take(appended)
        if !isTroubled && options.liveByteCountMax > 1 << 20 {
            let isTaken = appended.numbers.allSatisfy { model.batches[$0].standing == .kept }
            try check(isTaken, "a batch was refused without a fault")
        }
    }

    func startAppending(count: Int) throws -> Appended {
        faults.resetHarm()
        let appended: Appended = ((0..<count).map { _ in addBatch() }, Answers())
        let answers = appended.answers
        for (number, batch) in zip(appended.numbers, pending) {
            store.append(batch) { result in
                answers.outcomes.withLock { $0[number] = result }
                answers.done.signal()
            }
        }
        pending = []
        return appended
    }

    /// Gives the model the answers.
    func take(_ appended: Appended) {
        let outcomes = appended.answers.outcomes.withLock { $0 }
        let harm = faults.harm
        for number in appended.numbers {
            guard let outcome = outcomes[number] else { continue }
            note("batch \(number): \(outcome)")
            model.update(number) { batch in
                switch outcome {
                case .success:
                    batch.standing = .kept
                    batch.isSafe = options.journal.syncMode == .always
                case .failure:
                    batch.standing = .refused
                    batch.mayReturnAfterKill = harm.failedTruncation && harm.failedWriteAfterTruncation
                    batch.mayReturnAfterPowerCut =
                        batch.mayReturnAfterKill || options.journal.syncMode == .never || harm.failedTakeBack
                        || (options.journal.syncMode != .always && harm.failedSync)
                }
            }
        }
    }

    /// Makes a batch, tells the model, and leaves it in `pending`.
    private func addBatch() -> Int {
        let number = model.batches.count
        var made = StoreModel.Batch(number: number, spans: [:])
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        for _ in 0..<Int.random(in: 1...10, using: &random) {
            if recentTraces.isEmpty || chance(30) {
                recentTraces.append(TraceID(high: chance(50) ? random.next() : 0, low: random.next() | 1))
            }
            let traceID = recentTraces.suffix(6).randomElement(using: &random) ?? recentTraces[0]
            let service = chance(10) ? "rare-\(number % 5)" : ["cart", "shop", "pay"][nextTag % 3]
            builder.beginSpan()
            builder.traceID = traceID
            builder.spanID = random.next() | 1
            builder.start = 1_790_000_000_000_000_000 + Int64(nextTag) * 1_000_000
            builder.duration = Int64.random(in: 0...9_000_000, using: &random)
            builder.serviceName = intern(service)
            builder.operationName = intern("operation \(nextTag % 4)")
            builder.addAttribute(key: intern("tag"), string: intern("unique \(nextTag)"))
            let filler = String(repeating: "filler \(random.next())", count: Int.random(in: 0...4, using: &random))
            builder.addAttribute(key: intern("filler"), string: intern(filler))
            builder.endSpan()
            made.services[service, default: []].insert(traceID)
            made.tags.append(("unique \(nextTag)", traceID))
            nextTag += 1
        }
        let batch = builder.makeBatch()
        for span in batch.spans { made.spans[span.traceID, default: []].append(span.canonicalText) }
        model.add(made)
        pending.append(batch)
        return number
    }
}
