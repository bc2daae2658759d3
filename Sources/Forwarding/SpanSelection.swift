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

    func includes(_ span: SpanView) -> Bool { isEverything || isWanted[Int(span.batch.shapeColumn[span.row])] }
}
