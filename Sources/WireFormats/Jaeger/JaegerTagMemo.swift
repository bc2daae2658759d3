internal import Bytes
internal import TraceModel

/// The keys of a body's tags, each with the values that it had last, and which key follows which: clients write the
/// same tags in the same order again and again, so that most strings need not be looked up.
///
/// Borrows from the body. What it knows is only a guess: every guess is held against the bytes. Holds only strings
/// that are taken as they were sent.
struct JaegerTagMemo: ~Copyable {
    private var keys = ColumnBuffer<JaegerKnownKey>(capacity: 64)
    /// By the last bits of a key's number: its place, or 0. Of two keys with the same bits only one has a place.
    private var places: InlineArray<256, UInt8> = InlineArray(repeating: 0)
    /// The place of the key before; 0 at the beginning of a span.
    private var last = 0

    private static let keyCountMax = 255

    init() {
        // Stands before the first key of each span, and is like none.
        keys.append(JaegerKnownKey())
    }

    mutating func beginSpan() { last = 0 }

    /// The key, if it is the one that followed the key before; nil otherwise.
    @inline(__always)
    mutating func next(_ key: UnsafeRawBufferPointer) -> JaegerKeyPlace? {
        // Places are those of keys.
        let place = Int(keys.start[last].next)
        let known = keys.start + place
        guard known.pointee.key.isSame(key) else { return nil }
        last = place
        return JaegerKeyPlace(number: known.pointee.key.number, place: place, isSpecial: known.pointee.isSpecial)
    }

    /// A key with a number of its own, which is taken as it was sent and gets a place if there is room.
    mutating func key(_ key: UnsafeRawBufferPointer, number: UInt32) -> JaegerKeyPlace {
        let slot = Int(number & 255)
        var place = Int(places[slot])
        if place == 0, keys.count <= Self.keyCountMax, let start = key.baseAddress, key.count > 0 {
            place = keys.count
            places[slot] = UInt8(place)
            let known = JaegerKnownText(start: start, count: key.count, number: number)
            keys.append(JaegerKnownKey(key: known, isSpecial: JaegerStagedTags.isSpecial(key)))
        }
        guard keys[place].key.number == number, place > 0 else {
            return JaegerKeyPlace(number: number, place: 0, isSpecial: JaegerStagedTags.isSpecial(key))
        }
        keys[last].next = UInt8(place)
        last = place
        return JaegerKeyPlace(number: number, place: place, isSpecial: keys[place].isSpecial)
    }

    /// The number of a text that is one of those that the key of a place had last.
    @inline(__always)
    func number(of text: UnsafeRawBufferPointer, at place: Int) -> UInt32? {
        let known = keys.start + place
        if known.pointee.recent.isSame(text) { return known.pointee.recent.number }
        return known.pointee.older.isSame(text) ? known.pointee.older.number : nil
    }

    @inline(__always)
    mutating func remember(_ text: UnsafeRawBufferPointer, number: UInt32, at place: Int) {
        guard let start = text.baseAddress, text.count > 0 else { return }
        let known = keys.start + place
        known.pointee.older = known.pointee.recent
        known.pointee.recent = JaegerKnownText(start: start, count: text.count, number: number)
    }
}

/// What is known of a key.
struct JaegerKeyPlace {
    /// Of the interned string.
    var number: UInt32
    /// In the memo; 0 if it has none.
    var place: Int
    /// Its tags may be no attributes.
    var isSpecial: Bool
}

// Not private: such types break debug builds as elements of a column.

struct JaegerKnownText: BitwiseCopyable {
    var start = UnsafeRawPointer(("" as StaticString).utf8Start)
    /// No text is as long as one that is not known.
    var count = -1
    var number: UInt32 = 0

    @inline(__always)
    func isSame(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == count, count > 0, let other = text.baseAddress else { return false }
        return sameBytes(start, other, count)
    }
}

struct JaegerKnownKey: BitwiseCopyable {
    var key = JaegerKnownText()
    var isSpecial = false
    /// The place of the key that came behind this one.
    var next: UInt8 = 0
    var recent = JaegerKnownText()
    var older = JaegerKnownText()
}
