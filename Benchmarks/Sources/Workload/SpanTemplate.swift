/// A place in a span that differs from span to span; everything else of a template is copied as it stands.
enum Slot: UInt8 {
    case traceID, spanID, parentID, timestamp, endTimestamp, duration, eventTimestamp
    case requestID, status, responseSize, userAgent, url, peer
    case nodeID, address
    case instanceID, podName, nodeName, processID, userID, threadID, number, largeNumber, tenant
    // In binary formats only.
    case traceIDHigh, traceIDLow, addressBytes
}

/// How the value of a slot is written.
enum SlotForm: UInt8 {
    /// As the model writes it: text, or bytes that are text to nobody.
    case text
    // Numbers only.
    case varint, littleEndian64, bigEndian64
    /// Microseconds as nanoseconds.
    case nanoseconds64
}

/// How the length of what follows is told; the raw value is the bytes set aside for it.
enum LengthForm: UInt8 {
    /// A varint that mostly takes one byte, or two; it takes what it needs all the same.
    case varint1 = 1
    case varint2 = 2
    /// Four bytes, the highest first.
    case int32 = 4
}

/// One piece of a span, as the builders of templates write it.
enum Piece {
    case text(String)
    case bytes([UInt8])
    case slot(Slot, SlotForm = .text)
    /// What follows up to its `close` has its length before it.
    case open(LengthForm)
    case close

    /// The bytes of pieces that are the same for every span; nil if they are not.
    static func constant(_ pieces: [Piece]) -> [UInt8]? {
        var result: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .text(let text): result += text.utf8
            case .bytes(let bytes): result += bytes
            case .slot, .open, .close: return nil
            }
        }
        return result
    }
}

/// Texts that live as long as the program's workload, in one allocation, so that using one costs no reference count.
final class TextArena: @unchecked Sendable {
    // Filled by one builder before it is shared, then only read.
    private var bytes: UnsafeMutablePointer<UInt8>
    private var count = 0
    private var capacity = 1 << 16

    init() {
        bytes = .allocate(capacity: capacity)
    }

    deinit {
        bytes.deallocate()
    }

    /// Adds a text and gives its place.
    func add(_ text: String) -> Text { add(Array(text.utf8)) }

    func add(_ added: [UInt8]) -> Text {
        if count + added.count > capacity {
            let larger = max(capacity * 2, count + added.count)
            let next = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
            next.update(from: bytes, count: count)
            bytes.deallocate()
            bytes = next
            capacity = larger
        }
        for (index, byte) in added.enumerated() { (bytes + count + index).initialize(to: byte) }
        defer { count += added.count }
        return Text(offset: Int32(count), count: Int32(added.count))
    }

    /// Adds an IPv4 address as four bytes.
    func add(ipv4 text: String) -> Text { add(text.split(separator: ".").compactMap { UInt8($0) }) }

    @inline(__always)
    func write(_ text: Text, to cursor: inout ByteCursor) {
        cursor.copy(bytes + Int(text.offset), Int(text.count))
    }

    func string(_ text: Text) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes + Int(text.offset), count: Int(text.count)), as: UTF8.self)
    }

    struct Text {
        let offset: Int32
        let count: Int32
    }
}

/// The steps that write one span: a fixed text, then what differs, and so on until `Operation.end`.
struct SpanTemplate {
    struct Step {
        let text: TextArena.Text
        let operation: Operation
    }

    enum Operation {
        case end, close
        case slot(Slot, SlotForm)
        case open(LengthForm)
    }

    /// The place of this template's steps in its set.
    let first: Int32
    let count: Int32
}

/// Every template of a profile, their steps side by side.
final class TemplateSet: Sendable {
    let arena: TextArena
    let steps: [SpanTemplate.Step]
    let templates: [SpanTemplate]

    fileprivate init(arena: TextArena, steps: [SpanTemplate.Step], templates: [SpanTemplate]) {
        self.arena = arena
        self.steps = steps
        self.templates = templates
    }

    /// Writes the span with template `index`; `fill` writes the value of each slot that is text.
    @inline(__always)
    func write(_ index: Int, _ span: SpanRecord, to cursor: inout ByteCursor, fill: (Slot, inout ByteCursor) -> Void) {
        let template = templates[index]
        let first = Int(template.first)
        var openings = InlineArray<6, ByteCursor.Opening>(repeating: ByteCursor.Opening())
        var depth = 0
        steps.withUnsafeBufferPointer { steps in
            for position in first..<(first &+ Int(template.count)) {
                let step = steps[position]
                arena.write(step.text, to: &cursor)
                switch step.operation {
                case .end: break
                case .slot(let slot, .text): fill(slot, &cursor)
                case .slot(let slot, let form): cursor.number(span.number(slot), form)
                case .open(let form):
                    openings[depth] = cursor.open(form)
                    depth &+= 1
                case .close:
                    depth &-= 1
                    cursor.close(openings[depth])
                }
            }
        }
    }
}

/// Collects templates; neighbouring fixed pieces become one.
struct TemplateBuilder {
    let arena: TextArena
    private var steps: [SpanTemplate.Step] = []
    private var templates: [SpanTemplate] = []

    init(arena: TextArena) {
        self.arena = arena
    }

    var count: Int { templates.count }

    mutating func add(_ pieces: [Piece]) {
        let first = steps.count
        var fixed: [UInt8] = []
        func step(_ operation: SpanTemplate.Operation) -> SpanTemplate.Step {
            defer { fixed.removeAll() }
            return SpanTemplate.Step(text: arena.add(fixed), operation: operation)
        }
        for piece in pieces {
            switch piece {
            case .text(let text): fixed += text.utf8
            case .bytes(let bytes): fixed += bytes
            case .slot(let slot, let form): steps.append(step(.slot(slot, form)))
            case .open(let form): steps.append(step(.open(form)))
            case .close: steps.append(step(.close))
            }
        }
        steps.append(step(.end))
        templates.append(SpanTemplate(first: Int32(first), count: Int32(steps.count - first)))
    }

    func build() -> TemplateSet {
        TemplateSet(arena: arena, steps: steps, templates: templates)
    }
}
