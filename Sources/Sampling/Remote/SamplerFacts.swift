internal import TraceModel

/// Where the spans of one shape say by which probability they were chosen.
struct SamplerFacts {
    /// What a span says of it.
    enum Told: Equatable {
        case nothing
        /// Chosen with this probability, more than 0.
        case probability(Double)
        /// Chosen beside the probability, because nothing else of its operation would have been.
        case lowerBound
    }

    /// A value's first word among those of a row, and its type.
    private struct Place {
        let word: Int
        let type: ValueType
    }

    private var samplerType: Place?
    private var samplerParam: Place?
    private var traceState: Place?
    // The text that was read last, and what it said: the spans of a shape say the same again and again.
    private var lastText: UInt32?
    private var lastProbability: Double?

    /// Below it a weight would say more than can be known.
    static let probabilityMin = 1e-7

    init(_ shape: SpanShape, of batch: SpanBatch) {
        var word = 0
        for index in 0..<shape.columnCount {
            let column = shape.column(index)
            let place = Place(word: word, type: column.type)
            word += column.type.wordCount
            if column.field == .traceState { traceState = place }
            guard column.role == .attribute else { continue }
            let key = batch.string(column.key)
            if Self.isOne(key, "sampler.type", "jaeger.sampler.type"), column.type == .string { samplerType = place }
            if Self.isOne(key, "sampler.param", "jaeger.sampler.param") { samplerParam = place }
        }
    }

    /// - Parameter words: of the row's values.
    mutating func told(_ words: UnsafePointer<UInt32>, of batch: SpanBatch) -> Told {
        if let samplerType {
            let type = batch.string(words[samplerType.word])
            if Self.isSame(type, "lowerbound") { return .lowerBound }
            if Self.isOne(type, "probabilistic", "const"), let probability = param(words, batch) {
                return .probability(probability)
            }
        }
        guard let traceState else { return .nothing }
        let probability = remembered(words[traceState.word]) {
            TraceStateSampling(batch.string($0)).threshold.map { SamplingThreshold(rejected: $0).probability }
        }
        return probability.flatMap(Self.sensible).map { .probability($0) } ?? .nothing
    }

    private mutating func param(_ words: UnsafePointer<UInt32>, _ batch: SpanBatch) -> Double? {
        guard let samplerParam else { return nil }
        let word = words + samplerParam.word
        let value: Double? =
            switch samplerParam.type {
            case .bool: word[0] != 0 ? 1 : nil
            case .int: Double(Int64(bitPattern: SpanBatch.wide(word)))
            case .double: Double(bitPattern: SpanBatch.wide(word))
            case .string:
                remembered(word[0]) {
                    let text = String(decoding: batch.string($0), as: UTF8.self)
                    return text.lowercased() == "true" ? 1 : Double(text)
                }
            case .bytes, .array, .map, .none: nil
            }
        return value.flatMap(Self.sensible)
    }

    private mutating func remembered(_ text: UInt32, _ read: (UInt32) -> Double?) -> Double? {
        if lastText != text {
            lastText = text
            lastProbability = read(text)
        }
        return lastProbability
    }

    private static func sensible(_ probability: Double) -> Double? {
        probability > 0 && probability <= 1 ? max(probability, probabilityMin) : nil
    }

    // MARK: Texts

    private static func isOne(_ bytes: UnsafeRawBufferPointer, _ first: StaticString, _ second: StaticString) -> Bool {
        isSame(bytes, first) || isSame(bytes, second)
    }

    private static func isSame(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        bytes.elementsEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
