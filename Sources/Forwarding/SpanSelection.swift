internal import TraceModel

/// Which spans of a batch a destination gets. What decides is the same for all spans of a shape.
struct SpanSelection {
    private let filter: SpanFilter
    private let isEverything: Bool
    private var isWanted: [Bool] = []

    init(_ filter: SpanFilter) {
        self.filter = filter
        isEverything = filter.serviceNames.isEmpty && !filter.isErrorsOnly
    }

    /// Takes the batch at whose spans `includes` looks from now on.
    mutating func enter(_ batch: SpanBatch) {
        guard !isEverything else { return }
        var services: Set<UInt32> = []
        for name in filter.serviceNames {
            var name = name
            if let number = name.withUTF8({ batch.number(of: UnsafeRawBufferPointer($0)) }) { services.insert(number) }
        }
        isWanted = (0..<batch.shapeCount).map { number in
            let shape = batch.shape(number)
            if filter.isErrorsOnly && !shape.traits.isFailure { return false }
            return filter.serviceNames.isEmpty || services.contains(shape.serviceName)
        }
    }

    /// Those of the rows of the batch that are wanted.
    func rows(_ rows: Range<Int>, of batch: SpanBatch) -> WantedRows {
        WantedRows(rows, isEverything ? nil : (isWanted, batch.shapeColumn))
    }
}

/// Rows of a batch that a destination gets, one after the other. Not to outlive the batch.
struct WantedRows {
    /// Behind the last one that was given, or left out.
    private(set) var position: Int
    private let end: Int
    /// Rows that were left out.
    private(set) var leftOutCount = 0
    /// By shape whether spans are wanted, and the shapes of the spans; nil if all are.
    private let choice: (isWanted: [Bool], shapes: UnsafeBufferPointer<UInt32>)?

    fileprivate init(_ rows: Range<Int>, _ choice: (isWanted: [Bool], shapes: UnsafeBufferPointer<UInt32>)?) {
        position = rows.lowerBound
        end = rows.upperBound
        self.choice = choice
    }

    var isAtEnd: Bool { position == end }

    mutating func next() -> Int? {
        while position < end {
            defer { position += 1 }
            guard let choice, !choice.isWanted[Int(choice.shapes[position])] else { return position }
            leftOutCount += 1
        }
        return nil
    }
}
