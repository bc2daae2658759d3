extension WideModel {
    /// The number of spans of the trace that `plan` makes from the same generator.
    static func spanCount(_ generator: inout SeededGenerator) -> Int {
        20 + generator.below(41)
    }

    /// Appends the spans of a trace, every parent before its children.
    func plan(_ generator: SeededGenerator, start: Int64, into spans: inout [SpanRecord]) {
        var generator = generator
        let count = Self.spanCount(&generator)
        var planner = WideTracePlanner(model: self, first: spans.count, goal: spans.count + count, generator: generator)
        planner.run(start: start, into: &spans)
    }
}

/// The making of one trace: a tree that grows at random parents until it has its spans.
private struct WideTracePlanner {
    private let model: WideModel
    private let first: Int
    private let goal: Int
    private let head: TraceHead
    private let pods: UInt64
    private var generator: SeededGenerator

    init(model: WideModel, first: Int, goal: Int, generator: SeededGenerator) {
        var generator = generator
        self.model = model
        self.first = first
        self.goal = goal
        let request = generator.requestID()
        let client = generator.next()
        head = TraceHead(
            traceHigh: generator.next(), traceLow: generator.next(), requestHigh: request.high,
            requestLow: request.low, client: UInt32(truncatingIfNeeded: client),
            subject: UInt32(truncatingIfNeeded: generator.below(WideCatalog.userCount)))
        pods = generator.next()
        self.generator = generator
    }

    mutating func run(start: Int64, into spans: inout [SpanRecord]) {
        let entry = generator.below(WideCatalog.entryServiceCount)
        let duration = generator.duration(median: 2_500) &* Int64(goal &- first)
        let kind: WideOperationKind = generator.below(4) == 0 ? .write : .read
        append(kind, service: entry, parentID: 0, start: start, duration: duration, into: &spans)
        while spans.count < goal { grow(&spans) }
    }

    /// Adds one action, of one or two spans, below a random span that can have children.
    private mutating func grow(_ spans: inout [SpanRecord]) {
        let position = first &+ generator.below(spans.count &- first)
        let parent = spans[position]
        switch model.kind(ofType: parent.type) {
        case .read, .write, .validate, .consume: break
        // A leaf: its own parent's turn would be as good, but the next draw finds one soon enough.
        default: return
        }
        let offset = parent.duration &* Int64(generator.below(700)) / 1_000
        let room = parent.duration &- offset
        let duration = max(room &* Int64(100 &+ generator.below(800)) / 1_000, min(room, 15))
        let start = parent.start &+ offset
        let service = model.service(ofType: parent.type)
        let choice = generator.below(100)
        let isSingle = goal &- spans.count == 1
        if choice < 38 || isSingle {
            let kind: WideOperationKind = choice % 3 == 0 ? .update : .select
            append(kind, service: service, parentID: parent.id, start: start, duration: duration, into: &spans)
        } else if choice < 50 {
            append(.validate, service: service, parentID: parent.id, start: start, duration: duration, into: &spans)
        } else if choice < 58, service < 40, service % 2 == 0 {
            publish(from: service, parentID: parent.id, start: start, duration: duration, into: &spans)
        } else {
            call(from: service, parentID: parent.id, start: start, duration: duration, into: &spans)
        }
    }

    private mutating func call(
        from service: Int, parentID: UInt64, start: Int64, duration: Int64, into spans: inout [SpanRecord]
    ) {
        // Each service calls four others, so that the topology is a steady one.
        let span = WideCatalog.serviceCount - WideCatalog.entryServiceCount
        let callee = WideCatalog.entryServiceCount + (service &* 7 &+ 3 &+ generator.below(4) &* 11) % span
        let id = append(.call, service: service, parentID: parentID, start: start, duration: duration, into: &spans)
        let margin = duration / 16
        let kind: WideOperationKind = generator.below(3) == 0 ? .write : .read
        append(
            kind, service: callee, parentID: id, start: start &+ margin, duration: max(duration &- margin &* 2, 1),
            into: &spans)
    }

    private mutating func publish(
        from service: Int, parentID: UInt64, start: Int64, duration: Int64, into spans: inout [SpanRecord]
    ) {
        let id = append(.publish, service: service, parentID: parentID, start: start, duration: duration, into: &spans)
        // The consumer works after the producer has ended, maybe after the whole request.
        let consumer = 1 + (service + 2 * generator.below(3)) % 40
        append(
            .consume, service: consumer, parentID: id, start: start &+ duration &+ generator.duration(median: 4_000),
            duration: generator.duration(median: 9_000), into: &spans)
    }

    @discardableResult
    private mutating func append(
        _ kind: WideOperationKind, service: Int, parentID: UInt64, start: Int64, duration: Int64,
        into spans: inout [SpanRecord]
    ) -> UInt64 {
        let bits = generator.next()
        let id = generator.next()
        let isError = (bits >> 32) & 0x3FF < 12
        let pod =
            service &* WideCatalog.podsPerService
            &+ Int(truncatingIfNeeded: (pods >> UInt64(service)) & 0xFFFF) % WideCatalog.podsPerService
        spans.append(
            SpanRecord(
                head: head, id: id, parentID: parentID, start: start, duration: max(duration, 1),
                type: model.operation(kind, of: service), pod: Int32(truncatingIfNeeded: pod),
                status: isError ? 500 : kind == .write ? 201 : 200, variety: UInt32(truncatingIfNeeded: bits),
                eventDelay: -5, isError: isError))
        return id
    }
}
