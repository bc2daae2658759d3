/// A place in a span's text that differs from span to span; everything else of a template is copied as it stands.
enum Slot: UInt8 {
    case end
    case traceID, spanID, parentID, timestamp, duration, eventTimestamp
    case requestID, status, responseSize, userAgent, url, peer
    case nodeID, address
    case instanceID, podName, nodeName, processID, userID, threadID, number, largeNumber, tenant, exception
}

/// One piece of a span's text, as the builders of templates write it.
enum Piece {
    case text(String)
    case slot(Slot)
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
    func add(_ text: String) -> Text {
        let utf8 = Array(text.utf8)
        if count + utf8.count > capacity {
            let larger = max(capacity * 2, count + utf8.count)
            let next = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
            next.update(from: bytes, count: count)
            bytes.deallocate()
            bytes = next
            capacity = larger
        }
        for (index, byte) in utf8.enumerated() { (bytes + count + index).initialize(to: byte) }
        defer { count += utf8.count }
        return Text(offset: Int32(count), count: Int32(utf8.count))
    }

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

/// The steps that write one span: a fixed text, then a slot, and so on until `Slot.end`.
struct SpanTemplate {
    struct Step {
        let text: TextArena.Text
        let slot: Slot
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

    /// Writes the span of template `index`; `fill` writes the value of each slot.
    @inline(__always)
    func write(_ index: Int, to cursor: inout ByteCursor, fill: (Slot, inout ByteCursor) -> Void) {
        let template = templates[index]
        let first = Int(template.first)
        steps.withUnsafeBufferPointer { steps in
            for position in first..<(first &+ Int(template.count)) {
                let step = steps[position]
                arena.write(step.text, to: &cursor)
                if step.slot != .end { fill(step.slot, &cursor) }
            }
        }
    }
}

/// Collects templates; neighbouring fixed texts become one.
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
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let more):
                text += more
            case .slot(let slot):
                steps.append(SpanTemplate.Step(text: arena.add(text), slot: slot))
                text = ""
            }
        }
        steps.append(SpanTemplate.Step(text: arena.add(text), slot: .end))
        templates.append(SpanTemplate(first: Int32(first), count: Int32(steps.count - first)))
    }

    func build() -> TemplateSet {
        TemplateSet(arena: arena, steps: steps, templates: templates)
    }
}

/// Pieces of JSON.
enum JSONPieces {
    /// A JSON string literal, quotes included.
    static func quoted(_ text: String) -> String {
        "\"" + escaped(text) + "\""
    }

    /// The inside of a JSON string literal. Only the escapes that the workload's texts need.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// An object of the given members, in their order.
    static func object(_ members: [(key: String, value: [Piece])]) -> [Piece] {
        var pieces: [Piece] = [.text("{")]
        for (index, member) in members.enumerated() {
            pieces.append(.text((index == 0 ? "" : ",") + quoted(member.key) + ":"))
            pieces += member.value
        }
        return pieces + [.text("}")]
    }

    static func string(_ text: String) -> [Piece] { [.text(quoted(text))] }

    static func string(_ slot: Slot) -> [Piece] { [.text("\""), .slot(slot), .text("\"")] }
}
