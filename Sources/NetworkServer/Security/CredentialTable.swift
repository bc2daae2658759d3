/// The credentials of one file, made for comparisons that take the same time whatever is sent.
struct CredentialTable: Sendable {
    enum Scheme: UInt8, Sendable {
        case basic = 1
        case bearer = 2
    }

    /// One slot a credential, each of `slotWordCount` words: length, then scheme and secret, then zeros.
    private var words: [UInt64] = []
    private let slotWordCount: Int
    let credentialCount: Int
    private let schemes: Set<Scheme>

    /// A slot is a multiple of this, so that its size tells little of the secrets.
    private static let slotByteCountUnit = 128

    /// `credentials` are secrets as they stand in the field after the scheme.
    init(_ credentials: [(scheme: Scheme, secret: [UInt8])]) {
        let unit = Self.slotByteCountUnit
        let longest = (credentials.map { $0.secret.count }.max() ?? 0) + 1 + 8
        slotWordCount = (longest + unit - 1) / unit * unit / 8
        credentialCount = credentials.count
        schemes = Set(credentials.map(\.scheme))
        for (scheme, secret) in credentials {
            for index in 0..<slotWordCount {
                words.append(Self.word(index, scheme, secret.span))
            }
        }
    }

    func holds(_ scheme: Scheme) -> Bool { schemes.contains(scheme) }

    /// Whether `authorization`, the value of the request's field, is one of the credentials.
    ///
    /// Every slot is compared to its end: the time depends on the file and on the length of what was sent, and on
    /// nothing else.
    func contains(authorization: Span<UInt8>) -> Bool {
        guard let (scheme, secret) = Self.split(authorization) else { return false }
        let sent = authorization.extracting(secret)
        var isFound: UInt64 = 0
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: slotWordCount) { candidate in
            for index in 0..<slotWordCount {
                candidate.initializeElement(at: index, to: Self.word(index, scheme, sent))
            }
            for slot in 0..<credentialCount {
                isFound |= Self.isZero(difference(of: UnsafeBufferPointer(candidate), slot: slot))
            }
        }
        return isFound != 0
    }

    @inline(never)
    private func difference(of candidate: UnsafeBufferPointer<UInt64>, slot: Int) -> UInt64 {
        var difference: UInt64 = 0
        for index in 0..<slotWordCount {
            difference |= words[slot * slotWordCount + index] ^ candidate[index]
        }
        return difference
    }

    /// 1 for zero, 0 for anything else, without a branch.
    private static func isZero(_ value: UInt64) -> UInt64 {
        ~(value | (0 &- value)) >> 63
    }

    /// One word of a slot. What is too long for the slot shows by its length.
    private static func word(_ index: Int, _ scheme: Scheme, _ secret: Span<UInt8>) -> UInt64 {
        guard index > 0 else { return UInt64(secret.count) }
        var word: UInt64 = 0
        for offset in (index - 1) * 8..<index * 8 {
            let byte = offset == 0 ? scheme.rawValue : offset <= secret.count ? secret[offset - 1] : 0
            word = word << 8 | UInt64(byte)
        }
        return word
    }

    /// The scheme of a field's value and where its secret stands, white space and the padding of base64 left out.
    private static func split(_ value: Span<UInt8>) -> (Scheme, Range<Int>)? {
        var start = 0
        while start < value.count, isSpace(value[start]) { start += 1 }
        var end = start
        while end < value.count, !isSpace(value[end]) { end += 1 }
        let name = value.extracting(start..<end)
        let scheme: Scheme
        if name.isEqualIgnoringCase(to: "basic") {
            scheme = .basic
        } else if name.isEqualIgnoringCase(to: "bearer") {
            scheme = .bearer
        } else {
            return nil
        }
        start = end
        end = value.count
        while start < end, isSpace(value[start]) { start += 1 }
        while end > start, isSpace(value[end - 1]) { end -= 1 }
        while scheme == .basic, end > start, value[end - 1] == UInt8(ascii: "=") { end -= 1 }
        return (scheme, start..<end)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab
    }
}
