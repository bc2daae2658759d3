internal import GRDB
internal import QueryFiles

extension CatalogWriter {
    /// Nothing if it is known already.
    func enterDestination(_ name: String, takesStored: Bool) throws {
        guard try !destinations().contains(where: { $0.name == name }) else { return }
        try database.run(.forwardDestinationInsert, ["name": name])
        guard takesStored else { return }
        try database.run(.forwardPendingInsertAll, ["destination_id": database.lastInsertedRowID])
    }

    /// Every destination lacks every segment.
    func makeAllPending() throws {
        for destination in try destinations() {
            try database.run(.forwardPendingInsertAll, ["destination_id": destination.id])
        }
    }

    /// The destinations that lack a segment which comes in the place of others; of one with new spans all.
    func destinationsLacking(replaced: [Int64]) throws -> [Int64] {
        if replaced.isEmpty { return try destinations().map(\.id) }
        var lacking: Set<Int64> = []
        for id in replaced { lacking.formUnion(try database.integers(.forwardPendingOfSegment, ["segment_id": id])) }
        return lacking.sorted()
    }

    func insertPending(_ segmentID: Int64, destinationIDs: [Int64]) throws -> [PendingForward] {
        for id in destinationIDs {
            try database.run(.forwardPendingInsert, ["destination_id": id, "segment_id": segmentID])
        }
        return destinationIDs.map { PendingForward(destinationID: $0, segmentID: segmentID, doneSpanCount: 0) }
    }

    private func destinations() throws -> [(id: Int64, name: String)] {
        var destinations: [(id: Int64, name: String)] = []
        let rows = try database.rows(.forwardDestinations)
        while let row = try rows.next() {
            destinations.append((try row.decode(atIndex: 0), try row.decode(atIndex: 1)))
        }
        return destinations
    }
}
