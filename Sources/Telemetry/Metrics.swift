internal import Synchronization

/// A number that only grows. Incrementing costs an atomic addition.
public final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    public init() {}

    public func add(_ count: Int = 1) { value.add(count, ordering: .relaxed) }

    public var total: Int { value.load(ordering: .relaxed) }
}

/// Counts durations by their size.
public final class Histogram: Sendable {
    /// Upper bounds in seconds, ascending.
    public static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private let buckets: [Counter] = (0...Histogram.bounds.count).map { _ in Counter() }
    private let nanoseconds = Counter()

    public init() {}

    public func record(nanoseconds duration: Int64) {
        let seconds = Double(duration) / 1e9
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        buckets[bucket].add()
        nanoseconds.add(Int(duration))
    }

    /// Durations at or below each bound, and of any size.
    var cumulativeCounts: [Int] {
        var sum = 0
        return buckets.map { bucket in
            sum += bucket.total
            return sum
        }
    }

    var sumSeconds: Double { Double(nanoseconds.total) / 1e9 }
}

/// What a program tells of itself, as Prometheus reads it (text format 0.0.4).
public final class MetricsRegistry: Sendable {
    public typealias Labels = [(name: String, value: String)]

    private enum Value {
        case counter(Counter)
        case gauge(@Sendable () -> Double)
        case histogram(Histogram)
    }

    private struct Family {
        var help: String
        var type: String
        var series: [(labels: String, value: Value)] = []
    }

    private let families = Mutex<[(name: String, family: Family)]>([])
    private let sections = Mutex<[@Sendable () -> [UInt8]]>([])

    public init() {}

    /// Adds metrics that are written as text whenever the metrics are read: whole families, of names that nobody else
    /// has, each line with its end.
    public func addSection(_ write: @escaping @Sendable () -> [UInt8]) { sections.withLock { $0.append(write) } }

    /// The counter with this name and these labels, made when it is first asked for.
    public func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
        families.withLock { families in
            let value = Self.value(name, help, "counter", labels, in: &families) { .counter(Counter()) }
            guard case .counter(let counter) = value else { preconditionFailure("\(name) is one kind of metric") }
            return counter
        }
    }

    public func histogram(_ name: String, _ help: String, _ labels: Labels = []) -> Histogram {
        families.withLock { families in
            let value = Self.value(name, help, "histogram", labels, in: &families) { .histogram(Histogram()) }
            guard case .histogram(let histogram) = value else { preconditionFailure("\(name) is one kind of metric") }
            return histogram
        }
    }

    /// A number that is asked for whenever the metrics are read.
    public func gauge(_ name: String, _ help: String, _ labels: Labels = [], _ read: @escaping @Sendable () -> Double) {
        observe(name, help, "gauge", labels, read)
    }

    /// Likewise for a number that only grows and is counted elsewhere.
    public func counter(_ name: String, _ help: String, _ labels: Labels = [], _ read: @escaping @Sendable () -> Double)
    {
        observe(name, help, "counter", labels, read)
    }

    private func observe(
        _ name: String, _ help: String, _ type: String, _ labels: Labels, _ read: @escaping @Sendable () -> Double
    ) {
        families.withLock { families in
            _ = Self.value(name, help, type, labels, in: &families) { .gauge(read) }
        }
    }

    private static func value(
        _ name: String, _ help: String, _ type: String, _ labels: Labels,
        in families: inout [(name: String, family: Family)], make: () -> Value
    ) -> Value {
        let place: Int
        if let known = families.firstIndex(where: { $0.name == name }) {
            place = known
        } else {
            place = families.count
            families.append((name, Family(help: help, type: type)))
        }
        let text = labels.map { "\($0.name)=\"\(escapedLabel($0.value))\"" }.joined(separator: ",")
        if let known = families[place].family.series.first(where: { $0.labels == text }) { return known.value }
        let value = make()
        families[place].family.series.append((text, value))
        return value
    }

    /// The value of a label as it stands between quotation marks.
    public static func escapedLabel(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// All metrics as text, those of the sections last.
    public func bytes() -> [UInt8] {
        var bytes = Array(ownText().utf8)
        for write in sections.withLock({ $0 }) { bytes += write() }
        return bytes
    }

    public func text() -> String { String(decoding: bytes(), as: UTF8.self) }

    private func ownText() -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families {
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type)\n"
            for (labels, value) in family.series {
                switch value {
                case .counter(let counter): text += Self.line(name, labels, Double(counter.total))
                case .gauge(let read): text += Self.line(name, labels, read())
                case .histogram(let histogram):
                    let separator = labels.isEmpty ? "" : ","
                    let counts = histogram.cumulativeCounts
                    let bounds = Histogram.bounds.map { "\($0)" } + ["+Inf"]
                    for (bound, count) in zip(bounds, counts) {
                        text += Self.line(name + "_bucket", "\(labels)\(separator)le=\"\(bound)\"", Double(count))
                    }
                    text += Self.line(name + "_sum", labels, histogram.sumSeconds)
                    text += Self.line(name + "_count", labels, Double(counts[counts.count - 1]))
                }
            }
        }
        return text
    }

    private static func line(_ name: String, _ labels: String, _ value: Double) -> String {
        let number = value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
        return labels.isEmpty ? "\(name) \(number)\n" : "\(name){\(labels)} \(number)\n"
    }
}
