/// One thing that can be set: its names, what it takes, and what it means.
public struct Setting: Sendable {
    /// The path in the configuration file, such as `zipkin.port`.
    public let key: String
    /// The option without its dashes, such as `zipkin-port`.
    public let optionName: String
    public let type: SettingType
    /// What it is when nobody sets it, written as a sender would write it.
    public let defaultText: String
    /// One sentence without a full stop.
    public let help: String

    init(_ key: String, _ type: SettingType, default text: String, option: String? = nil, _ help: String) {
        self.key = key
        self.type = type
        self.help = help
        defaultText = text
        optionName = option ?? String(key.map { $0 == "." ? "-" : $0 })
    }

    /// The environment variable, such as `SKEIN_ZIPKIN_PORT`.
    public var environmentName: String {
        Setting.environmentPrefix + key.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
    }

    static let environmentPrefix = "SKEIN_"

    /// The setting with this key; nil if there is none.
    public static func named(_ key: String) -> Setting? { byKey[key] }

    private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })
}

/// What a setting takes.
public enum SettingType: Sendable {
    case text
    /// A text that is never shown.
    case secret
    /// Texts separated by commas, or a list in the file; at least one.
    case list
    /// A TCP port, 0 for a free one, or `off`.
    case port
    /// A size such as `64MiB`; `off` where allowed.
    case bytes(ClosedRange<Int>, canBeOff: Bool = false)
    /// A time such as `10s`, in nanoseconds; `off` where allowed.
    case duration(ClosedRange<Int64>, canBeOff: Bool = false)
    case integer(ClosedRange<Int>)
    /// Decimals are allowed; `off` where said.
    case number(ClosedRange<Double>, canBeOff: Bool = false)
    case boolean
    case choice([String])
    /// One of the words, or a time.
    case choiceOrDuration([String], ClosedRange<Int64>)

    /// What it takes, in words, with its limits.
    public var expectation: String {
        switch self {
        case .text, .secret: "a text"
        case .list: "one or more texts, separated by commas"
        case .port: "a port from 0 (any free one) to 65535, or 'off'"
        case .bytes(let range, let canBeOff):
            "a size from \(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound))"
                + (canBeOff ? ", or 'off'" : "")
        case .duration(let range, let canBeOff):
            "a time from \(TimeText.text(range.lowerBound)) to \(TimeText.text(range.upperBound))"
                + (canBeOff ? ", or 'off'" : "")
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range, let canBeOff):
            "a number from \(range.lowerBound) to \(range.upperBound)" + (canBeOff ? ", or 'off'" : "")
        case .boolean: "'true' or 'false'"
        case .choice(let words): words.map { "'\($0)'" }.joined(separator: ", ")
        case .choiceOrDuration(let words, let range):
            words.map { "'\($0)'" }.joined(separator: ", ")
                + ", or a time from \(TimeText.text(range.lowerBound)) to \(TimeText.text(range.upperBound))"
        }
    }

    /// The value that a text stands for; nil if it is none of this type or beyond the limits.
    public func value(of text: String) -> SettingValue? {
        switch self {
        case .text:
            return text.isEmpty ? nil : .text(text)
        case .secret:
            return text.isEmpty ? nil : text == "off" ? .off : .secret(text)
        case .list:
            let items = text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
            return items.contains("") ? nil : .list(items)
        case .port:
            if text == "off" { return .off }
            return plainInteger(text).flatMap { UInt16(exactly: $0) }.map { .port($0) }
        case .bytes(let range, let canBeOff):
            if canBeOff && text == "off" { return .off }
            return SizeText.byteCount(text).flatMap { range.contains($0) ? .bytes($0) : nil }
        case .duration(let range, let canBeOff):
            if canBeOff && text == "off" { return .off }
            return TimeText.nanoseconds(text).flatMap { range.contains($0) ? .duration($0) : nil }
        case .integer(let range):
            return plainInteger(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .number(let range, let canBeOff):
            if canBeOff && text == "off" { return .off }
            return Double(text).flatMap { range.contains($0) ? .number($0) : nil }
        case .boolean:
            return text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
        case .choice(let words):
            return words.contains(text) ? .text(text) : nil
        case .choiceOrDuration(let words, let range):
            if words.contains(text) { return .text(text) }
            return TimeText.nanoseconds(text).flatMap { range.contains($0) ? .duration($0) : nil }
        }
    }

    /// Digits with at most a sign before them, and nothing that only `Int` would take.
    private func plainInteger(_ text: String) -> Int? {
        text.first == "+" ? nil : Int(text)
    }

    private func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// The value of a setting.
public enum SettingValue: Equatable, Sendable {
    case text(String)
    case secret(String)
    case list([String])
    case port(UInt16)
    case bytes(Int)
    /// Nanoseconds.
    case duration(Int64)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case off
}

extension SettingValue: CustomStringConvertible {
    /// The shortest exact text of the value; setting it again gives the same value. Of a secret only that there is one.
    public var description: String {
        switch self {
        case .text(let text): text
        case .secret: "***"
        case .list(let items): items.joined(separator: ",")
        case .port(let port): "\(port)"
        case .bytes(let count): SizeText.text(count)
        case .duration(let nanoseconds): TimeText.text(nanoseconds)
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .off: "off"
        }
    }
}
