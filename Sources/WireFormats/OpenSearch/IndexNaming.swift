internal import TraceModel

/// What the indices of one kind of document are called, by time.
public struct IndexNaming: Sendable, Equatable {
    /// When an index is followed by the next.
    public enum Rotation: Sendable, Equatable {
        case daily
        case hourly
        /// By the cluster: documents are written to one alias and read from another.
        case rollover
    }

    public var prefix: String
    public var rotation: Rotation

    /// - Parameter prefix: goes before every name, with one dash between; empty for none.
    public init(prefix: String = "", rotation: Rotation = .daily) {
        self.prefix = prefix
        self.rotation = rotation
    }

    /// The base name with the prefix before it.
    /// - Parameter base: such as `jaeger-span`.
    public func name(of base: String) -> String {
        prefix.isEmpty || prefix.hasSuffix("-") ? prefix + base : "\(prefix)-\(base)"
    }

    /// The index, or the alias, that a document of a moment is written to.
    /// - Parameter time: nanoseconds since 1970; earlier ones count as that.
    public func writeTarget(_ base: String, at time: Int64) -> String {
        switch rotation {
        case .daily: name(of: base) + "-" + Self.date(day: time / Self.dayLength)
        case .hourly: name(of: base) + "-" + Self.date(hour: time / Self.hourLength)
        case .rollover: name(of: base) + "-write"
        }
    }

    /// The indices, or the alias, in which the documents between two moments are, the earliest first. An index need
    /// not be there.
    /// - Parameters:
    ///   - first: nanoseconds since 1970; earlier ones count as that.
    ///   - last: likewise, and within the time.
    public func readTargets(_ base: String, from first: Int64, through last: Int64) -> [String] {
        let name = name(of: base)
        switch rotation {
        case .daily: return Self.numbers(first, last, Self.dayLength).map { name + "-" + Self.date(day: $0) }
        case .hourly: return Self.numbers(first, last, Self.hourLength).map { name + "-" + Self.date(hour: $0) }
        case .rollover: return [name + "-read"]
        }
    }

    /// The same where documents are written and read through one alias.
    func aliasOrWriteTarget(_ base: String, at time: Int64) -> String {
        rotation == .rollover ? name(of: base) : writeTarget(base, at: time)
    }

    static let hourLength: Int64 = 3_600_000_000_000
    static let dayLength = 24 * hourLength

    /// Which of the indices, counted from 1970, a moment falls into; 0 for all where the cluster turns them.
    func period(of time: Int64) -> Int64 {
        switch rotation {
        case .daily: max(time, 0) / Self.dayLength
        case .hourly: max(time, 0) / Self.hourLength
        case .rollover: 0
        }
    }

    private static func numbers(_ first: Int64, _ last: Int64, _ length: Int64) -> ClosedRange<Int64> {
        let start = max(first, 0) / length
        return start...max(start, max(last, 0) / length)
    }

    private static func date(day: Int64) -> String {
        var writer = DocumentWriter()
        writer.writeDate(day: max(day, 0))
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func date(hour: Int64) -> String {
        var writer = DocumentWriter()
        writer.writeDate(day: max(hour, 0) / 24)
        writer.write(UInt8(ascii: "-"))
        writer.writeDecimal(max(hour, 0) % 24, digitCount: 2)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension DocumentWriter {
    /// The date so many days after 1970-01-01, as 2006-01-02.
    /// - Parameter day: not negative.
    mutating func writeDate(day: Int64) {
        // Years begin in March here, so that leap days come last; 400 of them have 146,097 days.
        let sinceMarch = day + 719_468
        let era = sinceMarch / 146_097
        let dayOfEra = sinceMarch % 146_097
        let year = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        writeDecimal(era * 400 + year + (month >= 10 ? 1 : 0), digitCount: 4)
        write(UInt8(ascii: "-"))
        writeDecimal(month < 10 ? month + 3 : month - 9, digitCount: 2)
        write(UInt8(ascii: "-"))
        writeDecimal(dayOfYear - (153 * month + 2) / 5 + 1, digitCount: 2)
    }

    /// A moment in UTC as RFC 3339 has it, with as many digits of the second's fraction as it needs.
    /// - Parameter time: nanoseconds since 1970, not negative.
    mutating func writeTime(_ time: Int64, fractionDigitCount: Int? = nil) {
        writeDate(day: time / IndexNaming.dayLength)
        write(UInt8(ascii: "T"))
        writeDecimal(time / IndexNaming.hourLength % 24, digitCount: 2)
        write(UInt8(ascii: ":"))
        writeDecimal(time / 60_000_000_000 % 60, digitCount: 2)
        write(UInt8(ascii: ":"))
        writeDecimal(time / 1_000_000_000 % 60, digitCount: 2)
        var fraction = time % 1_000_000_000
        if fraction > 0 || fractionDigitCount != nil {
            var digitCount = 9
            while digitCount > fractionDigitCount ?? 1 && fraction % 10 == 0 {
                fraction /= 10
                digitCount -= 1
            }
            write(UInt8(ascii: "."))
            writeDecimal(fraction, digitCount: digitCount)
        }
        write(UInt8(ascii: "Z"))
    }
}
