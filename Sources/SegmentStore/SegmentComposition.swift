public import TraceModel

/// Where the bytes of segments go.
public struct SegmentComposition: Sendable {
    /// Something that takes bytes.
    public enum Part: Hashable, Sendable {
        case attribute(String)  // values of attributes with this key
        case field(SpanField)
        case events
        case start
        case duration
        case traceIDs
        case spanIDs
        case shapesAndParents
        case dictionary
        case schema
        case blockDirectory
        case traceDirectory
        case valueDirectory
        case names
        case frame  // header and trailer
    }

    /// Stored bytes. Values of several columns are packed together: each has the share that it had before packing.
    public private(set) var byteCounts: [Part: Double] = [:]
    public private(set) var spanCount = 0

    public init() {}

    mutating func add(_ part: Part, _ byteCount: Double) {
        if byteCount > 0 { byteCounts[part, default: 0] += byteCount }
    }

    mutating func addSpans(_ count: Int) { spanCount += count }

    public mutating func add(_ other: SegmentComposition) {
        spanCount += other.spanCount
        byteCounts.merge(other.byteCounts, uniquingKeysWith: +)
    }
}

extension SegmentReader {
    /// Reads all blocks and says where the bytes go.
    public func composition() throws(SegmentError) -> SegmentComposition {
        var composition = SegmentComposition()
        for (section, reference) in footerSections {
            let part: SegmentComposition.Part =
                switch section {
                case .strings, .stringLengths: .dictionary
                case .schema: .schema
                case .blocks: .blockDirectory
                case .tracePages: .traceDirectory
                case .valuePages: .valueDirectory
                case .names: .names
                case .origin: .frame
                }
            composition.add(part, Double(reference.storedByteCount))
        }
        let pages = try directoryByteCounts()
        composition.add(.traceDirectory, Double(pages.traces))
        composition.add(.valueDirectory, Double(pages.values))
        composition.add(.frame, Double(SegmentFormat.headerByteCount + SegmentFormat.trailerByteCount))
        for number in 0..<(try blockCount()) {
            let block = try openBlock(number)
            composition.addSpans(block.entry.spanCount)
            func stored(_ section: BlockSection) -> Double {
                Double(block.entry.sections[section.rawValue].storedByteCount)
            }
            composition.add(.traceIDs, stored(.traces))
            composition.add(.shapesAndParents, stored(.spine))
            composition.add(.spanIDs, stored(.spanIDs))
            try addColumns(of: block, to: &composition)
        }
        return composition
    }

    /// Bits or bytes that a column had before packing.
    private struct Shares {
        var codes = 0.0
        var exceptions = 0.0
        var fixed = 0.0
        var text = 0.0
    }

    private func addColumns(
        of block: BlockReader, to composition: inout SegmentComposition
    ) throws(SegmentError) {
        let schema = block.schema
        let values = try block.values()
        let exceptionPlaces = values.exceptionPlaces
        var shares: [SegmentComposition.Part: Shares] = [:]
        func add(_ part: SegmentComposition.Part, _ plan: StoredPlan, _ column: BlockLayout.Column, _ rowCount: Int)
            throws(SegmentError)
        {
            var own = shares[part] ?? Shares()
            own.codes += Double(rowCount * plan.fixedBitCount + column.literalCount * plan.literalBitCount)
            own.fixed += Double(column.literalCount * plan.fixedByteCount)
            if plan.isNumber {
                let numbers = column.firstNumber..<column.firstNumber + column.literalCount
                own.exceptions += Double(exceptionPlaces.countWithin(numbers))
            }
            if plan.coding == .text {
                for place in 0..<column.literalCount {
                    own.text += Double(try values.number(plan, column, place: place))
                }
            }
            shares[part] = own
        }
        for (shape, rowCount) in try block.spine().rowCounts.enumerated() where rowCount > 0 {
            let layout = values.columns(ofShape: shape)
            let rows = Int(rowCount)
            if let plan = schema.startPlan(shape) { try add(.start, plan, layout.start, rows) }
            if let plan = schema.durationPlan(shape) { try add(.duration, plan, layout.duration, rows) }
            for (index, place) in layout.columns.enumerated() {
                let column = schema.column(shape, index)
                let part: SegmentComposition.Part =
                    switch column.role {
                    case .attribute:
                        .attribute(block.dictionary.withString(column.key) { String(decoding: $0, as: UTF8.self) })
                    case .field: column.field.map { .field($0) } ?? .frame
                    case .event, .eventName, .eventAttributes: .events
                    }
                try add(part, schema.plan(shape, index), place, rows)
            }
        }
        let total = shares.values.reduce(into: Shares()) { sum, own in
            sum.codes += own.codes
            sum.exceptions += own.exceptions
            sum.fixed += own.fixed
            sum.text += own.text
        }
        func stored(_ section: BlockSection) -> Double {
            Double(block.entry.sections[section.rawValue].storedByteCount)
        }
        for (part, own) in shares {
            func share(_ own: Double, _ total: Double, _ section: BlockSection) -> Double {
                total > 0 ? stored(section) * own / total : 0
            }
            composition.add(
                part,
                share(own.codes, total.codes, .codes) + share(own.exceptions, total.exceptions, .exceptions)
                    + share(own.fixed, total.fixed, .fixed) + share(own.text, total.text, .text))
        }
    }
}

extension [Int] {
    /// How many of these ascending numbers are in the range.
    fileprivate func countWithin(_ range: Range<Int>) -> Int {
        func place(of value: Int) -> Int {
            var low = 0
            var high = count
            while low < high {
                let middle = (low + high) / 2
                if self[middle] < value { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return place(of: range.upperBound) - place(of: range.lowerBound)
    }
}
