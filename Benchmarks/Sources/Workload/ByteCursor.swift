/// A write position in memory that the caller has made large enough (`PostBuffer.reserve`).
struct ByteCursor {
    private(set) var position: UnsafeMutablePointer<UInt8>

    init(_ position: UnsafeMutablePointer<UInt8>) {
        self.position = position
    }

    @inline(__always)
    mutating func copy(_ source: UnsafePointer<UInt8>, _ count: Int) {
        position.update(from: source, count: count)
        position += count
    }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        position.pointee = value
        position += 1
    }

    /// 16 lower-case hex digits.
    @inline(__always)
    mutating func hex(_ value: UInt64) {
        hexDigits(value, bytes: 8)
    }

    /// The text of a UUID.
    mutating func uuid(_ high: UInt64, _ low: UInt64) {
        hexDigits(high >> 32, bytes: 4)
        byte(UInt8(ascii: "-"))
        hexDigits((high >> 16) & 0xFFFF, bytes: 2)
        byte(UInt8(ascii: "-"))
        hexDigits(high & 0xFFFF, bytes: 2)
        byte(UInt8(ascii: "-"))
        hexDigits(low >> 48, bytes: 2)
        byte(UInt8(ascii: "-"))
        hexDigits(low & 0xFFFF_FFFF_FFFF, bytes: 6)
    }

    /// A number of at least zero, as decimal text.
    @inline(__always)
    mutating func decimal(_ value: Int64) {
        var rest = UInt64(bitPattern: value)
        var scratch: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &scratch) { digits in
            var first = 24
            repeat {
                let quotient = rest / 10
                first &-= 1
                digits[first] = UInt8(truncatingIfNeeded: 48 &+ (rest &- quotient &* 10))
                rest = quotient
            } while rest != 0
            let base = digits.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
            copy(base + first, 24 &- first)
        }
    }

    /// A number that is not text.
    @inline(__always)
    mutating func number(_ value: UInt64, _ form: SlotForm) {
        switch form {
        case .varint: varint(value)
        case .littleEndian64: store(value.littleEndian)
        case .bigEndian64: store(value.bigEndian)
        case .nanoseconds64: store((value &* 1_000).littleEndian)
        case .text: preconditionFailure("texts are the model's")
        }
    }

    @inline(__always)
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 128 {
            byte(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    private mutating func store(_ bits: UInt64) {
        UnsafeMutableRawPointer(position).storeBytes(of: bits, as: UInt64.self)
        position += 8
    }

    /// A length that is not known yet.
    struct Opening {
        var start: UnsafeMutablePointer<UInt8>?
        var form = LengthForm.varint1
    }

    @inline(__always)
    mutating func open(_ form: LengthForm) -> Opening {
        let opening = Opening(start: position, form: form)
        position += Int(form.rawValue)
        return opening
    }

    /// Writes the length of what came since, and moves that if the length takes more or fewer bytes than set aside.
    @inline(__always)
    mutating func close(_ opening: Opening) {
        guard let start = opening.start else { return }
        let reserved = Int(opening.form.rawValue)
        let length = position - start - reserved
        if opening.form == .int32 {
            UnsafeMutableRawPointer(start).storeBytes(of: UInt32(length).bigEndian, as: UInt32.self)
            return
        }
        let needed = length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : 3
        if needed != reserved { (start + needed).update(from: start + reserved, count: length) }
        var head = ByteCursor(start)
        head.varint(UInt64(length))
        position = start + needed + length
    }

    @inline(__always)
    private mutating func hexDigits(_ value: UInt64, bytes: Int) {
        var shift = UInt64(bytes &* 8)
        for _ in 0..<(bytes &* 2) {
            shift &-= 4
            let nibble = UInt8(truncatingIfNeeded: (value >> shift) & 15)
            byte(nibble &+ (nibble < 10 ? 48 : 87))
        }
    }
}

/// A post under construction: bytes that grow, and the number of spans in them.
final class PostBuffer {
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    var byteCount = 0
    var spanCount = 0
    /// Of every span, where its bytes begin and what scope it is of; empty in formats without scopes.
    var places: [(start: Int, scope: Int)] = []
    /// When the first of the buffered spans ended, in microseconds.
    var oldest: Int64 = 0

    init(capacity: Int) {
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    deinit {
        base.deallocate()
    }

    /// Makes room for `count` more bytes.
    @inline(__always)
    func reserve(_ count: Int) {
        if byteCount + count > capacity { grow(by: count) }
    }

    private func grow(by count: Int) {
        let larger = max(capacity * 2, byteCount + count)
        let next = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        next.update(from: base, count: byteCount)
        base.deallocate()
        base = next
        capacity = larger
    }
}
