public import TraceModel

/// What a linker needs to know of one span. Names are numbers that the linker gave out; 0 is no name.
public struct CallSpan: Sendable {
    /// The low half of the trace's ID: whoever carries on a trace may have kept no more of it.
    public var traceIDLow: UInt64
    public var spanID: UInt64
    /// 0: none.
    public var parentID: UInt64
    public var serviceName: UInt32
    public var remoteServiceName: UInt32
    /// Of spans that share their ID, something that differs between the places they ran at; 0 if that is not known.
    public var address: UInt32
    public var kind: SpanKind
    public var isShared: Bool
    public var isError: Bool

    public init(
        traceIDLow: UInt64, spanID: UInt64, parentID: UInt64, serviceName: UInt32, remoteServiceName: UInt32 = 0,
        address: UInt32 = 0, kind: SpanKind, isShared: Bool = false, isError: Bool = false
    ) {
        self.traceIDLow = traceIDLow
        self.spanID = spanID
        self.parentID = parentID == spanID ? 0 : parentID
        self.serviceName = serviceName
        self.remoteServiceName = remoteServiceName
        self.address = address
        self.kind = kind
        self.isShared = isShared
        self.isError = isError
    }
}

extension CallSpan {
    /// One side of a call or of a message, not work inside of a process.
    var isRemote: Bool {
        switch kind {
        case .client, .server, .producer, .consumer: true
        case .unspecified, .local: false
        }
    }

    /// Whether another span with the same ID is a further part of this one, as far as one can tell.
    func isPart(_ other: CallSpan) -> Bool {
        func fit(_ a: UInt32, _ b: UInt32) -> Bool { a == b || a == 0 || b == 0 }
        return spanID == other.spanID && isShared == other.isShared && fit(serviceName, other.serviceName)
            && fit(address, other.address)
    }

    /// Takes what this part does not say from another one.
    mutating func complete(from other: CallSpan) {
        if !isRemote { kind = other.kind }
        if parentID == 0 { parentID = other.parentID }
        if serviceName == 0 { serviceName = other.serviceName }
        if remoteServiceName == 0 { remoteServiceName = other.remoteServiceName }
        if address == 0 { address = other.address }
        isError = isError || other.isError
    }

    /// What a place in the tree is told by: the ID, and for servers that share it, where they ran.
    var key: Key {
        isShared
            ? Key(spanID: spanID, isShared: true, serviceName: serviceName, address: address)
            : Key(spanID: spanID, isShared: false, serviceName: 0, address: 0)
    }

    struct Key: Comparable {
        var spanID: UInt64
        var isShared: Bool
        var serviceName: UInt32
        var address: UInt32

        static func < (a: Key, b: Key) -> Bool {
            if a.spanID != b.spanID { return a.spanID < b.spanID }
            if a.isShared != b.isShared { return b.isShared }
            return a.serviceName != b.serviceName ? a.serviceName < b.serviceName : a.address < b.address
        }
    }
}
