import CZlib
import Compression
import Testing

@Suite struct InflaterTests {
    private let inflater = Inflater()

    /// Packs with zlib's own packer; `windowBits` chooses the format: 31 gzip, 15 zlib, -15 raw deflate.
    private func deflated(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var source = bytes
        var target = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
        let count = source.withUnsafeMutableBufferPointer { from in
            target.withUnsafeMutableBufferPointer { to in
                stream.next_in = from.baseAddress
                stream.avail_in = UInt32(from.count)
                stream.next_out = to.baseAddress
                stream.avail_out = UInt32(to.count)
                let outcome = deflate(&stream, Z_FINISH)
                #expect(outcome == Z_STREAM_END)
                return to.count - Int(stream.avail_out)
            }
        }
        return Array(target[..<count])
    }

    private func unpack(_ bytes: [UInt8], max: Int = 1 << 24) throws(InflateError) -> [UInt8] {
        var target: [UInt8] = Array("before".utf8)
        let outcome = bytes.withUnsafeBytes { raw in
            Result { () throws(InflateError) in try inflater.unpack(raw, onto: &target, byteCountMax: max) }
        }
        if case .failure = outcome { #expect(target == Array("before".utf8), "nothing is appended by a failure") }
        try outcome.get()
        #expect(target.starts(with: Array("before".utf8)))
        return Array(target.dropFirst(6))
    }

    private static let texts: [[UInt8]] = [
        [], [0], Array("hello".utf8), (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 300) },
        (0..<70_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) },
        [UInt8](repeating: 7, count: 3_000_000),
    ]

    @Test(arguments: [Int32(31), 15, -15])
    func `every format comes back as it was`(windowBits: Int32) throws {
        for text in Self.texts {
            let isEqual = try unpack(deflated(text, windowBits: windowBits)) == text
            #expect(isEqual)
        }
    }

    @Test func `gzip members one after the other are one text`() throws {
        let one = deflated(Array("one ".utf8), windowBits: 31)
        let empty = deflated([], windowBits: 31)
        #expect(try unpack(one + one + empty + one) == Array("one one one ".utf8))
        #expect(throws: InflateError.cutShort) { try unpack(one + one.dropLast(1)) }
        #expect(throws: InflateError.cutShort) { try unpack(one + one.prefix(2)) }
    }

    @Test(arguments: [Int32(31), 15, -15])
    func `what follows the end is refused`(windowBits: Int32) throws {
        let packed = deflated(Array("text text text".utf8), windowBits: windowBits)
        for garbage: [UInt8] in [[0], [0x1f], Array("garbage".utf8), [0, 0, 0, 0]] {
            #expect(throws: InflateError.malformed) { try unpack(packed + garbage) }
        }
        if windowBits != 31 {
            let member = deflated([1], windowBits: 31)
            #expect(throws: InflateError.malformed) { try unpack(packed + member) }
        }
    }

    @Test(arguments: [Int32(31), 15, -15])
    func `a stream cut at any byte is refused`(windowBits: Int32) throws {
        let packed = deflated(Array("some text, some more text, and some text again".utf8), windowBits: windowBits)
        for count in 0..<packed.count {
            #expect(throws: InflateError.self) { try unpack(Array(packed[..<count])) }
        }
        #expect(throws: InflateError.cutShort) { try unpack([]) }
        #expect(throws: InflateError.cutShort) { try unpack(Array(packed.dropLast(1))) }
    }

    @Test func `a flipped byte in gzip never gives another text`() throws {
        let text = Array("some text, some more text, and some text again".utf8)
        let packed = deflated(text, windowBits: 31)
        for index in packed.indices {
            var changed = packed
            changed[index] ^= 0x20
            // Time, system and the like are not part of the text.
            if let outcome = try? unpack(changed) { #expect(outcome == text) }
        }
    }

    @Test(arguments: [Int32(31), 15, -15])
    func `the limit is exact`(windowBits: Int32) throws {
        for size in [0, 1, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1, 5_000_000] {
            let packed = deflated([UInt8](repeating: 0, count: size), windowBits: windowBits)
            #expect(try unpack(packed, max: size).count == size)
            #expect(try unpack(packed, max: size + 1).count == size)
            #expect(try unpack(packed, max: .max).count == size)
            if size > 0 {
                #expect(throws: InflateError.tooLarge(byteCountMax: size - 1)) { try unpack(packed, max: size - 1) }
                #expect(throws: InflateError.tooLarge(byteCountMax: 0)) { try unpack(packed, max: 0) }
            }
        }
    }

    @Test func `members count together towards the limit`() throws {
        let member = deflated([UInt8](repeating: 0, count: 1000), windowBits: 31)
        #expect(try unpack(member + member, max: 2000).count == 2000)
        #expect(throws: InflateError.tooLarge(byteCountMax: 1999)) { try unpack(member + member, max: 1999) }
    }

    @Test func `random bytes never trap`() {
        var state: UInt64 = 42
        for count in 1..<3000 {
            var bytes = (0..<count % 200 + 1).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            if count % 3 == 0 { bytes = [0x1f, 0x8b, 8, 0] + bytes }
            if count % 3 == 1 { bytes = [0x78, 0x9c] + bytes }
            _ = try? unpack(bytes, max: 10_000)
        }
    }
}
