internal import Bytes

/// The fields of a span that mean something, each with its place in a table that needs no search.
enum ZipkinSpanKey: UInt8 {
    case shared = 0
    case traceID = 1
    case debug = 2
    case timestamp = 3
    case kind = 4
    case parentID = 5
    case remoteEndpoint = 6
    case duration = 7
    case localEndpoint = 9
    case spanID = 10
    case name = 11
    case tags = 12
    case annotations = 13
    case binaryAnnotations = 15  // only in v1
    case unknown = 16

    /// A name as its length and its first and last eight bytes, which overlap or, in a short one, are the same.
    private struct Name {
        let byteCount: Int
        let head: UInt64
        let tail: UInt64
    }

    /// The names of the fields, of which none is like another in its first eight bytes.
    private var name: Name {
        switch self {
        case .shared: Name(byteCount: 6, head: 0x6465_7261_6873, tail: 0x6465_7261_6873)
        case .traceID: Name(byteCount: 7, head: 0x64_4965_6361_7274, tail: 0x64_4965_6361_7274)
        case .debug: Name(byteCount: 5, head: 0x67_7562_6564, tail: 0x67_7562_6564)
        case .timestamp: Name(byteCount: 9, head: 0x6d61_7473_656d_6974, tail: 0x706d_6174_7365_6d69)
        case .kind: Name(byteCount: 4, head: 0x646e_696b, tail: 0x646e_696b)
        case .parentID: Name(byteCount: 8, head: 0x6449_746e_6572_6170, tail: 0x6449_746e_6572_6170)
        case .remoteEndpoint: Name(byteCount: 14, head: 0x6e45_6574_6f6d_6572, tail: 0x746e_696f_7064_6e45)
        case .duration: Name(byteCount: 8, head: 0x6e6f_6974_6172_7564, tail: 0x6e6f_6974_6172_7564)
        case .localEndpoint: Name(byteCount: 13, head: 0x646e_456c_6163_6f6c, tail: 0x746e_696f_7064_6e45)
        case .spanID: Name(byteCount: 2, head: 0x6469, tail: 0x6469)
        case .name: Name(byteCount: 4, head: 0x656d_616e, tail: 0x656d_616e)
        case .tags: Name(byteCount: 4, head: 0x7367_6174, tail: 0x7367_6174)
        case .annotations: Name(byteCount: 11, head: 0x6974_6174_6f6e_6e61, tail: 0x736e_6f69_7461_746f)
        case .binaryAnnotations: Name(byteCount: 17, head: 0x6e41_7972_616e_6962, tail: 0x736e_6f69_7461_746f)
        case .unknown: Name(byteCount: -1, head: 0, tail: 0)
        }
    }

    /// A key as sent.
    init(_ key: UnsafeRawBufferPointer) {
        let code = withUnsafeTemporaryAllocation(byteCount: ByteWindow.byteCount, alignment: 8) { room -> UInt8 in
            guard let room = room.baseAddress, let start = key.baseAddress, key.count <= ByteWindow.byteCount
            else { return Self.unknown.rawValue }
            room.copyMemory(from: start, byteCount: key.count)
            return Self(plain: room, key.count).rawValue
        }
        self = Self(rawValue: code) ?? .unknown
    }

    /// Likewise for the first `count` bytes, at most 32, of 32 readable ones.
    @inline(__always)
    init(plain key: UnsafeRawPointer, _ count: Int) {
        var head = ByteWord.load(key, 0)
        var tail = head
        if count >= 8 {
            tail = ByteWord.load(key, count &- 8)
        } else {
            // Without what stands behind the key.
            head &= (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
            tail = head
        }
        // The factor was sought so that each name gets a place of its own.
        let place = UInt8(truncatingIfNeeded: (head &* 0x64c3_71cf_ae7f_ba11) &>> 60)
        let key = Self(rawValue: place) ?? .unknown
        let name = key.name
        let isSame = name.byteCount == count && name.head == head && name.tail == tail
        self = isSame ? key : .unknown
    }
}
