internal import TraceModel

/// One span of a trace, put together from all records of it.
struct CallSpan {
    var record: CallRecord
    var site: CallSite

    init(_ record: CallRecord, _ site: CallSite) {
        self.record = record
        self.site = site
    }

    var spanID: UInt64 { record.spanID }
    var parentID: UInt64 { record.parentID }
    var kind: SpanKind { site.traits.kind }
    var isShared: Bool { site.traits.isShared }
    var isError: Bool { site.traits.isError }
    var serviceName: UInt32 { site.serviceName }
}

extension CallSpan {
    /// One side of a call or of a message, not work inside of a process.
    var isRemote: Bool {
        switch kind {
        case .client, .server, .producer, .consumer: true
        case .unspecified, .local: false
        }
    }

    /// The side that asks, or sends.
    var isCaller: Bool { kind == .client || kind == .producer }

    /// The side that answers, or receives.
    var isCallee: Bool { kind == .server || kind == .consumer }

    /// Whether another span with the same ID is a further part of this one, as far as one can tell.
    func isPart(_ other: CallRecord, _ otherSite: CallSite) -> Bool {
        func fit(_ a: UInt32, _ b: UInt32) -> Bool { a == b || a == 0 || b == 0 }
        return spanID == other.spanID && isShared == otherSite.traits.isShared
            && fit(serviceName, otherSite.serviceName) && fit(record.address, other.address)
    }

    /// Takes what this part does not say from another one.
    mutating func complete(from other: CallRecord, _ otherSite: CallSite) {
        if !isRemote { site.traits.kind = otherSite.traits.kind }
        site.traits.formUnion(flagsOf: otherSite.traits)
        func complete<Value: Equatable>(_ own: inout Value, _ others: Value, absent: Value) {
            if own == absent { own = others }
        }
        complete(&record.traceIDHigh, other.traceIDHigh, absent: 0)
        complete(&record.parentID, other.parentID, absent: 0)
        complete(&record.address, other.address, absent: 0)
        complete(&record.start, other.start, absent: SpanBatch.absentTime)
        complete(&record.duration, other.duration, absent: SpanBatch.absentTime)
        complete(&site.serviceName, otherSite.serviceName, absent: 0)
        complete(&site.namespace, otherSite.namespace, absent: 0)
        complete(&site.version, otherSite.version, absent: 0)
        complete(&site.operationName, otherSite.operationName, absent: 0)
        complete(&site.remoteServiceName, otherSite.remoteServiceName, absent: 0)
        complete(&site.target, otherSite.target, absent: 0)
        complete(&site.targetVersion, otherSite.targetVersion, absent: 0)
    }

    /// What a place in the tree is told by: the ID, and for servers that share it, where they ran.
    var key: Key {
        isShared
            ? Key(spanID: spanID, isShared: true, serviceName: serviceName, address: record.address)
            : Key(spanID: spanID, isShared: false, serviceName: 0, address: 0)
    }

    struct Key: Equatable {
        var spanID: UInt64
        var isShared: Bool
        var serviceName: UInt32
        var address: UInt32

        /// By names, not by their numbers, which depend on what came before.
        func isBefore(_ other: Key, _ names: CallNames) -> Bool {
            if spanID != other.spanID { return spanID < other.spanID }
            if isShared != other.isShared { return other.isShared }
            if serviceName != other.serviceName { return names.isBefore(serviceName, other.serviceName) }
            return address < other.address
        }
    }
}
