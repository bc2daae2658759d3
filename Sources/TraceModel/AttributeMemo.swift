internal import Bytes

/// The keys of a batch's attributes, each with the values that it had last, found without hashing whole strings.
///
/// What it knows is only a guess at what comes next: every guess is held against the bytes. Small and of fixed size:
/// a key that finds no place in it is looked up among the strings like any other.
struct AttributeMemo: ~Copyable {
    /// A value that a key had, as bytes of the batch's strings.
    struct Value: BitwiseCopyable {
        var start: UInt32 = 0
        /// Nothing is known: no text is as long.
        var count = UInt32.max
        var number: UInt32 = 0
    }

    struct Key: BitwiseCopyable {
        var start: UInt32
        var count: UInt32
        var number: UInt32
        var recent = Value()
        var older = Value()
        /// Guesses left that may be wrong: a key whose values never come again is not worth comparing.
        var guessCount = Key.guessCountMax

        static let guessCountMax: UInt32 = 4
    }

    /// Places for keys: the bits of one word.
    static let keyCountMax = 64
    /// Longer keys have no place.
    static let keyByteCountMax = ByteWindow.byteCount

    /// By their places, `count` of them.
    let keys: UnsafeMutablePointer<Key>
    /// A key's place + 1, or 0.
    private let slots: UnsafeMutablePointer<UInt8>
    private(set) var count = 0

    private static let slotCount = 256
    /// Slots looked at for one key, whatever a sender calls its keys.
    private static let probeCountMax = 4

    init() {
        keys = .allocate(capacity: Self.keyCountMax)
        slots = .allocate(capacity: Self.slotCount)
        slots.update(repeating: 0, count: Self.slotCount)
    }

    deinit {
        keys.deallocate()
        slots.deallocate()
    }

    mutating func removeAll() {
        guard count > 0 else { return }
        count = 0
        slots.update(repeating: 0, count: Self.slotCount)
    }

    /// The place of the key in the first `count` bytes, 1 to 32, of the 32 readable ones at `key`; -1 if it has none.
    @inline(__always)
    func place(of key: UnsafeRawPointer, _ count: Int, strings: UnsafeRawPointer) -> Int {
        var slot = Self.firstSlot(key, count)
        for _ in 0..<Self.probeCountMax {
            let place = Int(slots[slot]) &- 1
            guard place >= 0 else { return -1 }
            let known = keys + place
            if known.pointee.count == UInt32(truncatingIfNeeded: count),
                ByteWindow.sameBytes(strings + Int(known.pointee.start), key, count)
            {
                return place
            }
            slot = (slot &+ 1) & (Self.slotCount - 1)
        }
        return -1
    }

    /// Gives a key that has no place the next one.
    /// - Returns: -1 if there is none, or if an earlier place went to a key with a higher number: places are in the
    ///   order of the keys' numbers.
    mutating func add(_ key: UnsafeRawPointer, _ count: Int, start: Int, number: UInt32) -> Int {
        guard self.count < Self.keyCountMax, self.count == 0 || keys[self.count - 1].number < number else { return -1 }
        var slot = Self.firstSlot(key, count)
        for _ in 0..<Self.probeCountMax {
            if slots[slot] == 0 {
                let place = self.count
                (keys + place).initialize(to: Key(start: UInt32(start), count: UInt32(count), number: number))
                self.count += 1
                slots[slot] = UInt8(place + 1)
                return place
            }
            slot = (slot + 1) & (Self.slotCount - 1)
        }
        return -1
    }

    /// The value of a place's key with which the text at `text` begins, before `end`; nil if it is none of those known.
    @inline(__always)
    func value(
        at place: Int, in text: UnsafeRawPointer, readable: Int, before end: UInt8, strings: UnsafeRawPointer
    ) -> Value? {
        let known = keys + place
        guard known.pointee.guessCount > 0 else { return nil }
        if Self.begins(text, readable, with: known.pointee.recent, before: end, strings) {
            known.pointee.guessCount = Key.guessCountMax
            return known.pointee.recent
        }
        if Self.begins(text, readable, with: known.pointee.older, before: end, strings) {
            known.pointee.guessCount = Key.guessCountMax
            return known.pointee.older
        }
        known.pointee.guessCount &-= 1
        return nil
    }

    /// Remembers what the key of a place has now.
    @inline(__always)
    mutating func remember(_ value: Value, at place: Int) {
        precondition(UInt(bitPattern: place) < UInt(bitPattern: count), "a place that was given to a key")
        guard keys[place].guessCount > 0 else { return }
        keys[place].older = keys[place].recent
        keys[place].recent = value
    }

    @inline(__always)
    private static func begins(
        _ text: UnsafeRawPointer, _ readable: Int, with value: Value, before end: UInt8, _ strings: UnsafeRawPointer
    ) -> Bool {
        let count = Int(value.count)
        guard count &+ ByteWindow.byteCount <= readable, text.load(fromByteOffset: count, as: UInt8.self) == end
        else { return false }
        let known = strings + Int(value.start)
        var at = 0
        while count &- at > ByteWindow.byteCount {
            guard ByteWindow.sameBytes(known + at, text + at, ByteWindow.byteCount) else { return false }
            at &+= ByteWindow.byteCount
        }
        return ByteWindow.sameBytes(known + at, text + at, count &- at)
    }

    /// From the key's first and last bytes and its length.
    @inline(__always)
    private static func firstSlot(_ key: UnsafeRawPointer, _ count: Int) -> Int {
        var head = key.loadUnaligned(as: UInt64.self)
        var tail = head
        if count >= 8 {
            tail = key.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        } else {
            // What stands behind the key is not of it. (Little-endian, as everything here.)
            head &<<= UInt64(truncatingIfNeeded: (8 &- count) &* 8)
            tail = head
        }
        let mixed = (head ^ UInt64(truncatingIfNeeded: count)) &* 0x9e37_79b9_7f4a_7c15 &+ tail
        let spread = (mixed ^ (mixed &>> 32)) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: spread &>> 56) & (slotCount &- 1)
    }
}
