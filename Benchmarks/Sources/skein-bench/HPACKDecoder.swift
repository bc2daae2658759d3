/// Reads header blocks of HTTP/2 (RFC 7541): the static and the dynamic table, and Huffman's code.
struct HPACKDecoder {
    private static let sizeMax = 4_096
    private static let entryOverhead = 32
    /// The newest first.
    private var entries: [(name: String, value: String)] = []
    private var size = 0
    private var sizeLimit = sizeMax

    /// The fields of one block. Blocks of a connection are read in the order in which they come.
    mutating func decode(_ block: [UInt8]) throws -> [String: String] {
        var fields: [String: String] = [:]
        var reader = Reader(bytes: block)
        while let first = reader.peek {
            if first & 0x80 != 0 {
                let field = try entry(try reader.integer(bits: 7))
                fields[field.name] = field.value
            } else if first & 0xE0 == 0x20 {
                sizeLimit = try reader.integer(bits: 5)
                guard sizeLimit <= Self.sizeMax else { throw BenchError("a header table larger than allowed") }
                evict()
            } else {
                let isKept = first & 0x40 != 0
                let index = try reader.integer(bits: isKept ? 6 : 4)
                let name = index == 0 ? try reader.string() : try entry(index).name
                let value = try reader.string()
                fields[name] = value
                if isKept { keep(name, value) }
            }
        }
        return fields
    }

    private func entry(_ index: Int) throws -> (name: String, value: String) {
        let known = HPACKTables.fields
        if (1...known.count).contains(index) { return known[index - 1] }
        guard index > 0, index - known.count - 1 < entries.count else { throw BenchError("no header field \(index)") }
        return entries[index - known.count - 1]
    }

    private mutating func keep(_ name: String, _ value: String) {
        entries.insert((name, value), at: 0)
        size += name.utf8.count + value.utf8.count + Self.entryOverhead
        evict()
    }

    private mutating func evict() {
        while size > sizeLimit, let last = entries.popLast() {
            size -= last.name.utf8.count + last.value.utf8.count + Self.entryOverhead
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func byte() throws -> UInt8 {
            guard let byte = peek else { throw BenchError("a header block ends too early") }
            position += 1
            return byte
        }

        /// An integer in the low bits of the next byte, and in bytes after it if they are not enough.
        mutating func integer(bits: Int) throws -> Int {
            let mask = 1 << bits - 1
            var value = Int(try byte()) & mask
            guard value == mask else { return value }
            for shift in stride(from: 0, to: 28, by: 7) {
                let next = Int(try byte())
                value += (next & 127) << shift
                if next < 128 { return value }
            }
            throw BenchError("a header block has too large a number")
        }

        mutating func string() throws -> String {
            let isCoded = (peek ?? 0) & 0x80 != 0
            let count = try integer(bits: 7)
            guard bytes.count - position >= count else { throw BenchError("a header block ends too early") }
            defer { position += count }
            let slice = bytes[position..<(position + count)]
            return String(decoding: isCoded ? try HuffmanCode.shared.decode(slice) : Array(slice), as: UTF8.self)
        }
    }
}

/// The code of RFC 7541, appendix B, made from the lengths of its words.
struct HuffmanCode {
    static let shared = HuffmanCode()

    /// By length: the first word, and the symbols in the order of their words.
    private var firstWord: [UInt32] = []
    private var symbols: [[Int]] = []
    private static let end = 256

    init() {
        let lengths = HPACKTables.codeLengths
        var word: UInt32 = 0
        for length in 0...30 {
            word <<= 1
            let same = lengths.indices.filter { Int(lengths[$0]) == length && length > 0 }
            firstWord.append(word)
            symbols.append(same)
            word += UInt32(same.count)
        }
    }

    func decode(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
        var result: [UInt8] = []
        var (word, length): (UInt32, Int) = (0, 0)
        for byte in bytes {
            for shift in (0..<8).reversed() {
                word = word << 1 | UInt32(byte >> UInt8(shift)) & 1
                length += 1
                guard length <= 30 else { throw BenchError("no word of the header code") }
                guard word >= firstWord[length], Int(word - firstWord[length]) < symbols[length].count else { continue }
                let symbol = symbols[length][Int(word - firstWord[length])]
                guard symbol != Self.end else { throw BenchError("the header code's end within a text") }
                result.append(UInt8(symbol))
                (word, length) = (0, 0)
            }
        }
        // What is left must be the beginning of the end's word, which is all ones.
        guard length < 8, word == 1 << UInt32(length) - 1 else { throw BenchError("a header text ends too early") }
        return result
    }
}
