internal import FoundationEssentials
internal import GRDB
internal import QueryFiles

/// Following the store: which segments each destination lacks.
extension Catalog {
    /// All destinations that were ever entered and not forgotten, the first one first.
    public func forwardDestinations() throws(CatalogError) -> [ForwardDestination] {
        try read("destinations cannot be listed") { database in
            var destinations: [ForwardDestination] = []
            let rows = try database.rows(.forwardDestinations)
            while let row = try rows.next() {
                destinations.append(
                    ForwardDestination(id: try row.decode(atIndex: 0), name: try row.decode(atIndex: 1)))
            }
            return destinations
        }
    }

    /// Enters the destinations that are not known yet, in one transaction.
    /// - Parameter takesStored: whether it lacks the segments that there are; else it begins with those to come.
    public func enterForwardDestinations(_ new: [(name: String, takesStored: Bool)]) throws(CatalogError) {
        try write("a destination cannot be entered") { writer in
            for (name, takesStored) in new { try writer.enterDestination(name, takesStored: takesStored) }
        }
    }

    /// Forgets a destination, and what it lacks; one that is not known is passed over.
    public func removeForwardDestination(named name: String) throws(CatalogError) {
        try write("a destination cannot be forgotten") {
            try $0.database.run(.forwardDestinationDelete, ["name": name])
        }
    }

    /// What all destinations lack.
    public func pendingForwards() throws(CatalogError) -> [PendingForward] {
        try read("what destinations lack cannot be read") { database in
            var pending: [PendingForward] = []
            let rows = try database.rows(.forwardPending)
            while let row = try rows.next() {
                pending.append(
                    PendingForward(
                        destinationID: try row.decode(atIndex: 0), segmentID: try row.decode(atIndex: 1),
                        doneSpanCount: try row.decode(atIndex: 2)))
            }
            return pending
        }
    }

    /// Says how much of a segment a destination has; a segment that it does not lack, or that is gone, is passed over.
    /// Works on a full disk too, since retention may wait for it.
    /// - Parameter doneSpanCount: nil: it has all of it.
    public func markForwarded(
        destinationID: Int64, segmentID: Int64, doneSpanCount: Int?
    ) throws(CatalogError) {
        try writeIntoReserve("what was handed on cannot be noted") { writer in
            let row: StatementArguments = ["destination_id": destinationID, "segment_id": segmentID]
            if let doneSpanCount {
                try writer.database.run(.forwardPendingSet, row &+ ["done_span_count": doneSpanCount])
            } else {
                try writer.database.run(.forwardPendingDelete, row)
            }
        }
    }

    /// The key of the hash that hides attributes from destinations: 16 random bytes, made with the catalog.
    public var forwardHashKey: [UInt8] {
        get throws(CatalogError) {
            try read("the key for hashed attributes cannot be read") { database in
                let rows = try database.rows(.stateGet, ["key": StateKey.forwardHashKey.rawValue])
                let text = try rows.next()?.decode(String.self, atIndex: 0) ?? ""
                let digits = text.compactMap(\.hexDigitValue)
                guard digits.count == 32, text.utf8.count == 32 else {
                    throw CatalogError(code: .corrupt, message: "catalog: state has no usable forward_hash_key")
                }
                return (0..<16).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
            }
        }
    }

    /// Takes over the destinations and the key of another catalog of the same folder: they lack every segment here.
    public func carryForwarding(_ destinations: [String], hashKey: [UInt8]) throws(CatalogError) {
        try write("destinations cannot be taken over") { writer in
            for name in destinations { try writer.enterDestination(name, takesStored: true) }
            let digits = hashKey.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            try writer.database.run(.stateSet, ["key": StateKey.forwardHashKey.rawValue, "value": digits])
        }
    }

    // MARK: Calls

    /// What a destination was, or is to be, told of intervals, ascending.
    public func forwardCalls(destinationID: Int64) throws(CatalogError) -> [ForwardCalls] {
        try read("what a destination was told of calls cannot be read") { database in
            var calls: [ForwardCalls] = []
            let rows = try database.rows(.forwardCalls, ["destination_id": destinationID])
            while let row = try rows.next() {
                let isSent = row.hasNull(atIndex: 2)
                calls.append(
                    ForwardCalls(
                        start: try row.decode(atIndex: 0), hash: try row.decode(atIndex: 1),
                        content: isSent ? nil : try row.bytes(at: 2)))
            }
            return calls
        }
    }

    /// Says what a destination is to be told of intervals, in one transaction; for those that were there before anew.
    public func putForwardCalls(destinationID: Int64, _ calls: [ForwardCalls]) throws(CatalogError) {
        try write("what a destination is to be told of calls cannot be noted") { writer in
            for one in calls {
                try writer.database.run(
                    .forwardCallsPut,
                    [
                        "destination_id": destinationID, "start": one.start, "hash": one.hash,
                        "content": one.content.map { Data($0) },
                    ])
            }
        }
    }

    /// Says that a destination was told of intervals, and forgets those before a time of which it was.
    /// - Parameters:
    ///   - told: start and hash of what it was told.
    ///   - before: nanoseconds since 1970.
    public func markForwardCalls(
        destinationID: Int64, told: [(start: Int64, hash: Int64)], forgetting before: Int64
    ) throws(CatalogError) {
        try write("what a destination was told of calls cannot be noted") { writer in
            for (start, hash) in told {
                try writer.database.run(
                    .forwardCallsSent, ["destination_id": destinationID, "start": start, "hash": hash])
            }
            try writer.database.run(.forwardCallsDelete, ["destination_id": destinationID, "before": before])
        }
    }
}
