/// The times in the JSON of Zipkin spans, found and moved without touching anything else.
enum TimeShift {
    /// The latest end of a span in a list of spans, in microseconds since 1970; nil if none has a time.
    static func latestEnd(_ list: [UInt8]) -> Int64? {
        var walker = TimeWalker(list)
        walker.walk()
        return walker.latestEnd
    }

    /// The list with so many microseconds added to every span's and annotation's timestamp. Absent ones (0) stay.
    static func shifted(_ list: [UInt8], byMicroseconds shift: Int64) -> [UInt8] {
        var walker = TimeWalker(list)
        walker.walk()
        var result: [UInt8] = []
        result.reserveCapacity(list.count + 16)
        var copied = 0
        for time in walker.times {
            let sum = time.microseconds.addingReportingOverflow(shift)
            guard !sum.overflow, sum.partialValue > 0 else { continue }
            result += list[copied..<time.range.lowerBound]
            result += "\(sum.partialValue)".utf8
            copied = time.range.upperBound
        }
        return result + list[copied...]
    }
}

/// Walks a list of spans and notes where their times stand. What is no such list has none.
private struct TimeWalker {
    struct Time {
        /// The digits.
        var range: Range<Int>
        var microseconds: Int64
    }

    private struct Frame {
        var isObject: Bool
        /// The key at hand, if an object.
        var key: Key = .other
        var timestamp: Int64 = 0
        var duration: Int64 = 0
    }

    private enum Key {
        case timestamp, duration, annotations, other
    }

    private let bytes: [UInt8]
    private var frames: [Frame] = []
    private(set) var times: [Time] = []
    private(set) var latestEnd: Int64?

    private static let depthMax = 512

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func walk() {
        var at = 0
        var expectsKey = false
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                guard frames.count < Self.depthMax else { return }
                expectsKey = bytes[at] == UInt8(ascii: "{")
                frames.append(Frame(isObject: expectsKey))
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard let frame = frames.popLast() else { return }
                if frames.count == 1, frame.isObject { endSpan(frame) }
            case UInt8(ascii: ","):
                expectsKey = frames.last?.isObject ?? false
            case UInt8(ascii: "\""):
                let end = JSONSlices.endOfString(bytes[...], from: at)
                let text = at + 1..<max(at + 1, end - 1)
                if expectsKey, let last = frames.indices.last {
                    frames[last].key = key(text)
                    expectsKey = false
                } else {
                    note(text)
                }
                at = end
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let end = bytes[at...].firstIndex { !Self.isNumberByte($0) } ?? bytes.count
                note(at..<end)
                at = end
                continue
            default:
                break
            }
            at += 1
        }
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func key(_ range: Range<Int>) -> Key {
        let text = bytes[range]
        if text.elementsEqual("timestamp".utf8) { return .timestamp }
        if text.elementsEqual("duration".utf8) { return .duration }
        if text.elementsEqual("annotations".utf8) { return .annotations }
        return .other
    }

    /// Takes a value in, if it is a time of a span or an annotation.
    private mutating func note(_ range: Range<Int>) {
        guard let last = frames.indices.last, frames[last].isObject, frames[last].key != .other,
            let number = Self.number(bytes[range])
        else { return }
        let isSpan = frames.count == 2 && !frames[0].isObject
        let isAnnotation = frames.count == 4 && !frames[0].isObject && frames[1].key == .annotations
        switch frames[last].key {
        case .timestamp where isSpan:
            frames[last].timestamp = number
            if number > 0 { times.append(Time(range: range, microseconds: number)) }
        case .timestamp where isAnnotation:
            if number > 0 { times.append(Time(range: range, microseconds: number)) }
        case .duration where isSpan:
            frames[last].duration = number
        case .timestamp, .duration, .annotations, .other:
            break
        }
    }

    private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
        guard text.count <= 40 else { return nil }
        let text = String(decoding: text, as: UTF8.self)
        return Int64(text) ?? Double(text).flatMap { Int64(exactly: $0.rounded(.down)) }
    }

    private mutating func endSpan(_ frame: Frame) {
        guard frame.timestamp > 0 else { return }
        let end = frame.timestamp.addingReportingOverflow(max(0, frame.duration))
        if !end.overflow { latestEnd = max(latestEnd ?? .min, end.partialValue) }
    }
}
