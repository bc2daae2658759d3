/// A text in UTF-8 that grows at its end.
struct TextBytes: ~Copyable {
    private var room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int) { room = .allocate(byteCount: max(64, capacity), alignment: 1) }
    deinit { room.deallocate() }

    func bytes() -> [UInt8] { Array(room[..<count]) }

    func withBytes(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) {
        body(UnsafeRawBufferPointer(rebasing: room[range]))
    }

    @inline(__always)
    private mutating func reserve(_ byteCount: Int) {
        if room.count - count < byteCount { grow(byteCount) }
    }

    @inline(never)
    private mutating func grow(_ byteCount: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(room.count * 2, count + byteCount), alignment: 1)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[..<count]))
        room.deallocate()
        room = larger
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        reserve(1)
        room[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// Writes again what was written.
    mutating func write(again range: Range<Int>) {
        reserve(range.count)
        let target = UnsafeMutableRawBufferPointer(rebasing: room[count...])
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: room[range]))
        count += range.count
    }

    mutating func write(decimal number: Int) {
        if number < 0 { write(UInt8(ascii: "-")) }
        reserve(20)
        var rest = number.magnitude
        var digitCount = 1
        var bound: UInt = 10
        while digitCount < 19, rest >= bound {
            digitCount += 1
            bound *= 10
        }
        if rest >= 10_000_000_000_000_000_000 { digitCount = 20 }
        var place = count + digitCount
        count = place
        repeat {
            place -= 1
            room[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
    }

    /// In quotes, as `Escaped.json`.
    mutating func write(json text: String) {
        var text = text
        let isPlain = text.withUTF8 { bytes in
            var isPlain = true
            for byte in bytes where byte < 0x20 || byte == 0x7f || byte == UInt8(ascii: "\"") || byte == 0x5c {
                isPlain = false
            }
            return isPlain
        }
        guard isPlain else { return write(text: Escaped.json(text)) }
        write(UInt8(ascii: "\""))
        write(text: text)
        write(UInt8(ascii: "\""))
    }
}
