/// Finds the end of a list or object without looking at what is in it; what is wrong there is found when it is read.
struct OTLPJSONSkipper {
    private let start: UnsafeRawPointer
    private let count: Int
    private var at: Int
    private var depth = 0
    private var isInString = false

    /// The place after the list or object that starts at `place`; the end of the text if it has no end.
    static func end(of text: UnsafeRawBufferPointer, from place: Int) -> Int {
        guard let start = text.baseAddress else { return place }
        var skipper = OTLPJSONSkipper(start: start, count: text.count, at: place)
        return skipper.findEnd()
    }

    private init(start: UnsafeRawPointer, count: Int, at: Int) {
        self.start = start
        self.count = count
        self.at = at
    }

    private mutating func findEnd() -> Int {
        // Loads end within 0..<count.
        while at &+ 8 <= count {
            if takeWord() { continue }
            if takeBytes(upTo: at &+ 8) { return at }
        }
        while at < count {
            if takeBytes(upTo: count) { return at }
        }
        return count
    }

    /// Takes eight bytes together.
    /// - Returns: false, with nothing taken, if they have an escape, or may have the end.
    @inline(__always)
    private mutating func takeWord() -> Bool {
        let word = ByteWord.load(start, at)
        if Self.bytes(of: word, equalTo: UInt8(ascii: "\\")) != 0 { return false }
        // From each opening quote up to its closing one, as the parity of the quotes so far.
        var inside = Self.bytes(of: word, equalTo: UInt8(ascii: "\""))
        inside ^= inside &<< 8
        inside ^= inside &<< 16
        inside ^= inside &<< 32
        if isInString { inside ^= ByteWord.highBits }
        // The brackets are the braces but for one bit.
        let folded = word | (ByteWord.ones &* 0x20)
        let closing = Self.count(Self.bytes(of: folded, equalTo: UInt8(ascii: "}")) & ~inside)
        guard closing < depth else { return false }
        depth += Self.count(Self.bytes(of: folded, equalTo: UInt8(ascii: "{")) & ~inside) - closing
        isInString = inside &>> 63 != 0
        at &+= 8
        return true
    }

    /// The high bit of each byte with this value.
    @inline(__always)
    private static func bytes(of word: UInt64, equalTo byte: UInt8) -> UInt64 {
        let low = ~ByteWord.highBits
        let difference = word ^ (ByteWord.ones &* UInt64(byte))
        return ~(((difference & low) &+ low) | difference) & ByteWord.highBits
    }

    /// How many bytes have their high bit set, and no other.
    @inline(__always)
    private static func count(_ bits: UInt64) -> Int {
        Int(truncatingIfNeeded: ((bits &>> 7) &* ByteWord.ones) &>> 56)
    }

    /// Takes bytes one by one, and perhaps one more after an escape.
    /// - Returns: true if the last was the end.
    private mutating func takeBytes(upTo end: Int) -> Bool {
        while at < end {
            let byte = start.load(fromByteOffset: at, as: UInt8.self)
            at += 1
            switch byte {
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "\\"): if isInString && at < count { at += 1 }
            case UInt8(ascii: "{"), UInt8(ascii: "["): if !isInString { depth += 1 }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard !isInString else { break }
                depth -= 1
                if depth <= 0 { return true }
            default: break
            }
        }
        return false
    }
}
