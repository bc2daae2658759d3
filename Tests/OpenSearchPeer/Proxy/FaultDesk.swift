import FoundationEssentials
import NetworkServer
import Synchronization
import TestSupport

/// The plan of faults in force, the chance, and the account of what went wrong.
final class FaultDesk: Sendable {
    private struct State {
        var plan = FaultPlan()
        var chance = SeededGenerator(seed: 1)
        var counts: [String: Int] = [:]
        /// Index and ID with a tab between, each once.
        var mappingErrors: Set<String> = []
    }

    private let state = Mutex(State())

    /// The plan, and what befalls one request by it; nil: nothing.
    func draw(bodyByteCount: Int, authorization: String?) -> (plan: FaultPlan, fault: RequestFault?, isDelayed: Bool) {
        state.withLock { state in
            let plan = state.plan
            state.counts["requests", default: 0] += 1
            let isDelayed = Double.random(in: 0..<1, using: &state.chance) < plan.delayed
            if isDelayed { state.counts["delayed", default: 0] += 1 }
            let fault = Self.fault(plan, bodyByteCount, authorization, &state.chance)
            if let fault { state.counts[fault.rawValue, default: 0] += 1 }
            return (plan, fault, isDelayed)
        }
    }

    private static func fault(
        _ plan: FaultPlan, _ bodyByteCount: Int, _ authorization: String?, _ chance: inout SeededGenerator
    ) -> RequestFault? {
        if plan.unauthorized { return .unauthorized }
        if let wanted = plan.authorization, wanted != authorization { return .unauthorized }
        if let most = plan.bodyByteCountMax, bodyByteCount > most { return .tooLarge }
        let rates: [(RequestFault, Double)] = [
            (.tooManyRequests, plan.tooManyRequests), (.unavailable, plan.unavailable),
            (.resetUnasked, plan.resetUnasked), (.resetAnswered, plan.resetAnswered),
            (.resetWithin, plan.resetWithin), (.cutAnswer, plan.cutAnswer),
        ]
        var left = Double.random(in: 0..<1, using: &chance)
        for (fault, rate) in rates {
            if left < rate { return fault }
            left -= rate
        }
        return nil
    }

    /// What befalls the operations of a bulk request; nil: nothing.
    func drawItems(_ operations: [(key: String, isMatch: Bool)], _ plan: FaultPlan) -> [ItemFault?] {
        state.withLock { state in
            operations.map { operation in
                let left = Double.random(in: 0..<1, using: &state.chance)
                var fault: ItemFault?
                if operation.isMatch {
                    fault = .mappingError
                    state.mappingErrors.insert(operation.key)
                } else if left < plan.itemTooManyRequests {
                    fault = .itemTooManyRequests
                } else if left < plan.itemTooManyRequests + plan.itemUnavailable {
                    fault = .itemUnavailable
                }
                if let fault { state.counts[fault.rawValue, default: 0] += 1 }
                return fault
            }
        }
    }

    func count(_ what: String) {
        state.withLock { $0.counts[what, default: 0] += 1 }
    }

    // MARK: Control

    /// `POST /_faults` puts a plan in force in place of the one before, `GET /_faults` counts what befell, and
    /// `GET /_faults/mapping-errors` lists the documents that were told not to fit, one a line, index, tab and ID.
    func routes() -> HTTPRouter {
        var router = HTTPRouter()
        router.on(
            .post, "/_faults",
            .workerThread { request, _ in
                do {
                    let plan = try JSONDecoder().decode(FaultPlan.self, from: Data(request.body.bytes))
                    self.state.withLock { state in
                        state.plan = plan
                        if let seed = plan.seed { state.chance = SeededGenerator(seed: seed) }
                    }
                    return .json(Array(#"{"acknowledged":true}"#.utf8))
                } catch {
                    throw HTTPError(.badRequest, "\(error)")
                }
            })
        router.on(
            .get, "/_faults",
            .workerThread { _, _ in
                let counts = self.state.withLock { state in
                    state.counts.merging(["distinctMappingErrors": state.mappingErrors.count]) { $1 }
                }
                let fields = counts.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
                return .json(Array("{\(fields.joined(separator: ","))}".utf8))
            })
        router.on(
            .get, "/_faults/mapping-errors",
            .workerThread { _, _ in
                let keys = self.state.withLock { $0.mappingErrors.sorted() }
                return .text(.ok, keys.map { $0 + "\n" }.joined())
            })
        return router
    }
}
