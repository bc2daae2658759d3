internal import FoundationEssentials
internal import GRDB
internal import QueryFiles

extension Catalog {
    /// What was decided of traces, in the order of the sealings.
    public func samplingDecisions() throws(CatalogError) -> [DecisionChange.Row] {
        try read("decisions on traces cannot be read") { database in
            var decisions: [DecisionChange.Row] = []
            let rows = try database.rows(.samplingDecisions)
            while let row = try rows.next() {
                decisions.append(DecisionChange.Row(id: try row.decode(atIndex: 0), content: try row.bytes(at: 1)))
            }
            return decisions
        }
    }
}

extension CatalogWriter {
    func change(_ decisions: DecisionChange) throws {
        try database.run(.samplingDecisionsDelete, ["last_id": decisions.lastForgottenID])
        try database.run(
            .samplingDecisionsInsert, ["id": decisions.row.id, "content": Data(decisions.row.content)])
    }
}
