internal import TraceModel

/// Orders of records, which what is counted depends on, so that the order of arrival never does.
struct CallOrder {
    let names: CallNames
    let sites: UnsafeBufferPointer<CallSite>

    private static let smallCount = 24

    /// Sorts records by `isBefore`.
    func sort(_ records: UnsafeMutableBufferPointer<CallRecord>) { Self.sort(records) { isBefore($0, $1) } }

    /// Sorts records by trace, start and ID.
    static func sortByStart(_ records: UnsafeMutableBufferPointer<CallRecord>) {
        sort(records) { a, b in
            if a.traceIDLow != b.traceIDLow { return a.traceIDLow < b.traceIDLow }
            return a.start != b.start ? a.start < b.start : a.spanID < b.spanID
        }
    }

    @inline(__always)
    private static func sort(
        _ records: UnsafeMutableBufferPointer<CallRecord>, _ isBefore: (CallRecord, CallRecord) -> Bool
    ) {
        guard records.count <= smallCount else {
            var records = records
            return records.sort(by: isBefore)
        }
        for end in records.indices.dropFirst() {
            let record = records[end]
            var place = end
            while place > 0, isBefore(record, records[place - 1]) {
                records[place] = records[place - 1]
                place -= 1
            }
            records[place] = record
        }
    }

    /// By trace and ID; of spans with one ID the client first and those that share it last, parts of one span together.
    @inline(__always)
    func isBefore(_ a: CallRecord, _ b: CallRecord) -> Bool {
        if a.traceIDLow != b.traceIDLow { return a.traceIDLow < b.traceIDLow }
        if a.spanID != b.spanID { return a.spanID < b.spanID }
        return isPartBefore(a, b)
    }

    @inline(never)
    private func isPartBefore(_ a: CallRecord, _ b: CallRecord) -> Bool {
        let (first, second) = (sites[Int(a.site)], sites[Int(b.site)])
        if first.traits.isShared != second.traits.isShared { return second.traits.isShared }
        let (isFirstClient, isSecondClient) = (first.traits.kind == .client, second.traits.kind == .client)
        if !first.traits.isShared, isFirstClient != isSecondClient { return isFirstClient }
        if first.serviceName != second.serviceName { return names.isBefore(first.serviceName, second.serviceName) }
        if a.address != b.address { return a.address < b.address }
        if first.traits != second.traits { return first.traits.rawValue < second.traits.rawValue }
        if first.remoteServiceName != second.remoteServiceName {
            return names.isBefore(first.remoteServiceName, second.remoteServiceName)
        }
        if a.parentID != b.parentID { return a.parentID < b.parentID }
        if a.traceIDHigh != b.traceIDHigh { return a.traceIDHigh < b.traceIDHigh }
        if a.start != b.start { return a.start < b.start }
        if a.duration != b.duration { return a.duration < b.duration }
        if first.namespace != second.namespace { return names.isBefore(first.namespace, second.namespace) }
        if first.version != second.version { return names.isBefore(first.version, second.version) }
        if first.operationName != second.operationName {
            return names.isBefore(first.operationName, second.operationName)
        }
        if first.target != second.target { return names.isBefore(first.target, second.target) }
        return names.isBefore(first.targetVersion, second.targetVersion)
    }
}
