/// Copies of texts that would otherwise be overwritten, valid as long as this.
final class StableTexts {
    private var pieces: [UnsafeMutableRawBufferPointer] = []
    /// Bytes of the last piece that are taken.
    private var used = 0

    private static let pieceByteCount = 1 << 14

    /// Copies what does not lie within the bytes that outlive it anyway.
    @inline(__always)
    func keep(_ text: UnsafeRawBufferPointer, unlessWithin body: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let start = text.baseAddress, let first = body.baseAddress, text.count > 0 else { return text }
        if start >= first, start + text.count <= first + body.count { return text }
        return copy(text)
    }

    func copy(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard text.count > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        if pieces.isEmpty || pieces[pieces.count - 1].count - used < text.count {
            pieces.append(.allocate(byteCount: max(Self.pieceByteCount, text.count), alignment: 1))
            used = 0
        }
        let room = UnsafeMutableRawBufferPointer(rebasing: pieces[pieces.count - 1][used..<used + text.count])
        room.copyMemory(from: text)
        used += text.count
        return UnsafeRawBufferPointer(room)
    }

    deinit { for piece in pieces { piece.deallocate() } }
}
