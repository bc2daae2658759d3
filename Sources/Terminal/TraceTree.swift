public import TraceModel

/// A trace as lines for people: a header, then a line for each span below its parent.
public struct TraceTree {
    /// How it looks.
    public struct Style: Sendable {
        /// Columns to use.
        public var width = 120
        public var isColored = false
        /// The local time of a moment in nanoseconds since 1970.
        public var localTime: @Sendable (Int64) -> String = ClockText.local

        public init() {}
    }

    /// What a line says of a span, beside its bar.
    private struct Cells {
        var branch: String
        /// The service with its colon, or all there is to say.
        var service: String
        var operation = ""
        var kind = ""
        var duration = ""
        var status = ""
        var isError = false
        var bar: (start: Int64?, duration: Int64)?
    }

    private let trace: Trace
    private let style: Style
    private let ink: Ink
    private let forest: TraceForest
    private let start: Int64?
    private let end: Int64

    public init(_ trace: Trace, style: Style = Style()) {
        self.trace = trace
        self.style = style
        ink = Ink(isColored: style.isColored)
        forest = TraceForest(trace.spans, linedDepthMax: max(3, style.width / 12))
        let first = trace.spans.compactMap(\.start).min()
        start = first
        end = trace.spans.reduce(first ?? 0) { max($0, Self.end(of: $1)) }
    }

    private static func end(of span: SpanView) -> Int64 {
        guard let start = span.start else { return .min }
        let end = start.addingReportingOverflow(max(0, span.duration ?? 0))
        return end.overflow ? .max : end.partialValue
    }

    /// Nanoseconds from the first start to the last end.
    private var length: Int64 {
        guard let start else { return 0 }
        let length = end.subtractingReportingOverflow(start)
        return length.overflow ? .max : length.partialValue
    }

    /// The whole trace, without line ends.
    public func lines() -> [String] { header() + [""] + spanLines() }

    // MARK: Header

    private func header() -> [String] {
        var services = Set(trace.spans.map { DisplayText.safe($0.serviceName) })
        services.remove("")
        let errors = trace.spans.count { $0.traits.isError }
        var counts = [
            NumberText.count(trace.spans.count, "span"), NumberText.count(services.count, "service"),
            NumberText.count(errors, "error"),
        ]
        if errors > 0 { counts[2] = ink(.red, counts[2]) }
        if !forest.missing.isEmpty { counts.append(NumberText.count(forest.missing.count, "missing parent")) }
        var lines = [ink(.bold, "trace \(trace.traceID)")]
        if let start {
            let utc = ClockText.utc(start) + " UTC"
            let local = style.localTime(start)
            lines.append("started  \(utc)" + (local == utc ? "" : ", \(local) local"))
            lines.append("took     \(NumberText.duration(length))")
        } else {
            lines.append("started  unknown: no span says")
            lines.append("took     unknown")
        }
        return lines + ["has      " + counts.joined(separator: ", ")]
    }

    // MARK: Spans

    private func spanLines() -> [String] {
        let cells = forest.rows.map(cells)
        func widest(_ text: (Cells) -> String) -> Int { cells.reduce(0) { max($0, DisplayText.width(text($1))) } }
        let kindWidth = widest { $0.kind }
        let durationWidth = widest { $0.duration }
        let statusWidth = min(24, widest { $0.status })
        let fixed = kindWidth + durationWidth + statusWidth + 8
        let labelRoom = max(24, style.width - fixed - max(10, (style.width - fixed) / 3))
        let labelWidth = min(widest { $0.branch + $0.service + $0.operation }, labelRoom)
        let barWidth = max(10, min(60, style.width - fixed - labelWidth))
        return cells.map { cell in
            let room = max(0, labelWidth - DisplayText.width(cell.branch))
            let label = label(cell, room: room)
            let blanks = String(repeating: " ", count: room - DisplayText.width(label))
            let status = DisplayText.pad(DisplayText.cut(cell.status, to: statusWidth), to: statusWidth)
            let bar = bar(cell, width: barWidth)
            let parts = [
                ink(.faint, cell.branch) + (cell.isError ? ink(.red, label) : label) + blanks,
                ink(.cyan, DisplayText.pad(cell.kind, to: kindWidth)),
                DisplayText.pad(cell.duration, to: durationWidth, atRight: true),
                cell.isError ? ink(.red, status) : status,
                bar,
            ]
            return DisplayText.trimmed(parts.joined(separator: "  "))
        }
    }

    private func cells(_ row: TraceForest.Row) -> Cells {
        switch row.item {
        case .missing(let spanID):
            return Cells(branch: "", service: "? span \(spanID) never came")
        case .span(let index):
            let span = trace.spans[index]
            let service = DisplayText.safe(span.serviceName)
            let operation = DisplayText.safe(span.operationName)
            let isError = span.traits.isError
            let code = SpanStatus.code(of: span)
            return Cells(
                branch: branch(row), service: (service.isEmpty ? "(no service)" : service) + ": ",
                operation: (operation.isEmpty ? "(no name)" : operation)
                    + (row.isCycle ? " (its parent is below it)" : ""), kind: Self.kind(span.traits.kind),
                duration: span.duration.map(NumberText.duration) ?? "-",
                status: isError ? (code.isEmpty ? "error" : "error \(code)") : code, isError: isError,
                bar: (span.start, max(0, span.duration ?? 0)))
        }
    }

    /// Service and operation; of a long operation the two ends, because those of a mesh differ at the end only.
    private func label(_ cell: Cells, room: Int) -> String {
        let operationRoom = room - DisplayText.width(cell.service)
        guard operationRoom >= 12 else { return DisplayText.cut(cell.service + cell.operation, to: room) }
        return cell.service + DisplayText.cutInside(cell.operation, to: operationRoom)
    }

    private func branch(_ row: TraceForest.Row) -> String {
        guard let last = row.hasNext.last else { return "" }
        let hidden = row.depth - row.hasNext.count
        let lines = row.hasNext.dropLast().map { $0 ? "│  " : "   " }.joined()
        return (hidden > 0 ? "…\(hidden) " : "") + lines + (last ? "├─ " : "└─ ")
    }

    private static func kind(_ kind: SpanKind) -> String {
        switch kind {
        case .unspecified: ""
        case .client: "client"
        case .server: "server"
        case .producer: "producer"
        case .consumer: "consumer"
        case .local: "local"
        }
    }

    /// Where in the trace's time the span was, one cell at least.
    private func bar(_ cells: Cells, width: Int) -> String {
        guard let (spanStart, duration) = cells.bar, let spanStart, let start else { return "" }
        let scale = Double(width) / Double(max(1, length))
        let first = min(width - 1, max(0, Int((Double(spanStart) - Double(start)) * scale)))
        let share = (Double(spanStart) - Double(start) + Double(duration)) * scale
        let last = max(first + 1, min(width, Int(share.rounded(.up))))
        let bar = String(repeating: "━", count: last - first)
        return String(repeating: " ", count: first) + (cells.isError ? ink(.red, bar) : ink(.green, bar))
    }
}

/// The outcome of a call as a span's attributes tell it.
enum SpanStatus {
    private static let keys: [StaticString] = [
        "http.status_code", "http.response.status_code", "rpc.grpc.status_code", "grpc.status_code",
    ]

    /// Empty if no attribute tells.
    static func code(of span: SpanView) -> String {
        var code = ""
        span.forEachAttribute { key, value in
            guard code.isEmpty, keys.contains(where: { matches(key, $0) }) else { return }
            switch value {
            case .string(let text): code = DisplayText.safe(text)
            case .int(let number): code = "\(number)"
            case .bytes, .bool, .double, .array, .map, .none: break
            }
        }
        return code
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        bytes.elementsEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
