import Glibc
import Threads
import TraceModel
import TraceStore

/// Hands batches to a store, as many at a time as it takes, and again those that it could not take just then.
final class SpanImporter: @unchecked Sendable {
    // Unchecked: what follows is guarded by `condition`.
    private let condition = ThreadCondition()
    private var pendingByteCount = 0
    private var refused: [Item] = []
    private var failure: CommandFailure?

    private let store: TraceStore

    private struct Item {
        let batch: SpanBatch
        let place: String
    }

    /// Bytes that are on their way at once.
    private static let pendingByteCountMax = 8 << 20
    /// Seconds for which a store may refuse everything before that is taken as its last word.
    private static let patience = 120.0
    private static let retryInterval: UInt32 = 50_000  // microseconds

    init(_ store: TraceStore) { self.store = store }

    /// Waits until there is room. What fails later is thrown by a later call, or by `finish`.
    /// - Parameter place: where the batch is from, for people.
    func append(_ batch: SpanBatch, from place: String) throws {
        try settle { $0 == 0 || $0 + batch.byteCount <= Self.pendingByteCountMax }
        send(Item(batch: batch, place: place))
    }

    /// Waits until the store has everything.
    func finish() throws { try settle { $0 == 0 } }

    private enum State {
        case ready
        case failed(CommandFailure)
        case refused([Item])
    }

    /// Waits until `isReady` says so of the bytes on their way, sending again what was refused.
    private func settle(_ isReady: (Int) -> Bool) throws {
        let start = ContinuousClock.now
        while true {
            let state = condition.wait(seconds: 1) { () -> State? in
                if let failure { return .failed(failure) }
                if !refused.isEmpty {
                    defer { refused = [] }
                    return .refused(refused)
                }
                return isReady(pendingByteCount) ? .ready : nil
            }
            switch state {
            case .ready: return
            case .failed(let failure): throw failure
            case .refused(let items):
                guard ContinuousClock.now - start < .seconds(Self.patience) else {
                    throw CommandFailure("the store takes no more spans: is its disk full?")
                }
                usleep(Self.retryInterval)
                for item in items { send(item, isAgain: true) }
            case nil:
                continue
            }
        }
    }

    private func send(_ item: Item, isAgain: Bool = false) {
        if !isAgain { condition.signal { pendingByteCount += item.batch.byteCount } }
        store.append(item.batch) { [self] result in
            condition.signal {
                switch result {
                case .success: pendingByteCount -= item.batch.byteCount
                case .failure(.overloaded): refused.append(item)
                case .failure(.diskFull(let reason)), .failure(.tooLarge(let reason)):
                    pendingByteCount -= item.batch.byteCount
                    failure = failure ?? CommandFailure("\(item.place): \(reason)")
                }
            }
        }
    }
}
