public import TraceModel

/// What the spans of one place in the code have in common, as far as the topology asks: they differ only in their IDs
/// and times. Names are numbers of a `CallNames`; 0 is none.
public struct CallSite: Hashable, Sendable, BitwiseCopyable {
    public var serviceName: UInt32
    public var namespace: UInt32
    public var version: UInt32
    public var operationName: UInt32
    /// The other side, as Zipkin's remote endpoint names it.
    public var remoteServiceName: UInt32
    /// The other side, where only attributes tell of it: the cluster called, a peer, a host, a database or a broker.
    public var target: UInt32
    /// The version of the other side, where the caller says which it asks for.
    public var targetVersion: UInt32
    public var traits: CallTraits

    public init(
        serviceName: UInt32, namespace: UInt32 = 0, version: UInt32 = 0, operationName: UInt32 = 0,
        remoteServiceName: UInt32 = 0, target: UInt32 = 0, targetVersion: UInt32 = 0, traits: CallTraits
    ) {
        self.serviceName = serviceName
        self.namespace = namespace
        self.version = version
        self.operationName = operationName
        self.remoteServiceName = remoteServiceName
        self.target = target
        self.targetVersion = targetVersion
        self.traits = traits
    }
}

/// The small facts about a call's span that fit in one word.
///
/// Bits: 0-2 kind, 3 shared, 4 error, 5 mirror, 6 messaging, 7 database.
public struct CallTraits: Hashable, Sendable, BitwiseCopyable {
    public private(set) var rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public init(_ kind: SpanKind) { rawValue = UInt16(kind.rawValue) }

    /// Every bit that has a meaning.
    public static let mask: UInt16 = 0xff

    public var kind: SpanKind {
        get { SpanKind(rawValue: UInt8(rawValue & 7)) ?? .unspecified }
        set { rawValue = rawValue & ~7 | UInt16(newValue.rawValue) }
    }

    public var isShared: Bool {
        get { has(3) }
        set { set(3, newValue) }
    }

    public var isError: Bool {
        get { has(4) }
        set { set(4, newValue) }
    }

    /// A proxy's copy of a request: what is below it is no user's.
    public var isMirror: Bool {
        get { has(5) }
        set { set(5, newValue) }
    }

    /// The other side is a broker.
    public var isMessaging: Bool {
        get { has(6) }
        set { set(6, newValue) }
    }

    /// The other side is a database.
    public var isDatabase: Bool {
        get { has(7) }
        set { set(7, newValue) }
    }

    /// Whatever either says.
    mutating func formUnion(flagsOf other: CallTraits) { rawValue |= other.rawValue & ~7 }

    private func has(_ bit: UInt16) -> Bool { rawValue & 1 << bit != 0 }
    private mutating func set(_ bit: UInt16, _ value: Bool) {
        rawValue = rawValue & ~(1 << bit) | (value ? 1 << bit : 0)
    }
}

/// What the topology keeps of one span until its trace is settled. 56 bytes.
public struct CallRecord: Hashable, Sendable, BitwiseCopyable {
    public var traceIDHigh: UInt64
    /// Whoever carries on a trace may have kept no more of its ID than this.
    public var traceIDLow: UInt64
    public var spanID: UInt64
    /// 0: none.
    public var parentID: UInt64
    /// Nanoseconds since 1970; `SpanBatch.absentTime`: none.
    public var start: Int64
    /// Nanoseconds; `SpanBatch.absentTime`: none.
    public var duration: Int64
    /// A number of `CallNames.sites`.
    public var site: UInt32
    /// Of spans that share their ID, something that differs between the places they ran at; 0 if that is not known.
    public var address: UInt32

    public init(
        traceIDHigh: UInt64 = 0, traceIDLow: UInt64, spanID: UInt64, parentID: UInt64,
        start: Int64 = SpanBatch.absentTime, duration: Int64 = SpanBatch.absentTime, site: UInt32, address: UInt32 = 0
    ) {
        self.traceIDHigh = traceIDHigh
        self.traceIDLow = traceIDLow
        self.spanID = spanID
        self.parentID = parentID == spanID ? 0 : parentID
        self.start = start
        self.duration = duration
        self.site = site
        self.address = address
    }
}
