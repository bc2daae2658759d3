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

    static func list(_ elements: [[Piece]]) -> [Piece] {
        var pieces: [Piece] = [.text("[")]
        for (index, element) in elements.enumerated() {
            if index > 0 { pieces.append(.text(",")) }
            pieces += element
        }
        return pieces + [.text("]")]
    }

    static func string(_ text: String) -> [Piece] { [.text(quoted(text))] }

    static func string(_ slot: Slot) -> [Piece] { string([.slot(slot)]) }

    /// A string of unescaped pieces; what slots hold needs no escapes.
    static func string(_ pieces: [Piece]) -> [Piece] {
        let inside = pieces.map { piece in
            if case .text(let text) = piece { return Piece.text(escaped(text)) }
            return piece
        }
        return [.text("\"")] + inside + [.text("\"")]
    }

    static func object(_ tags: [SpanShape.Tag]) -> [Piece] {
        object(tags.map { (key: $0.key, value: string($0.value)) })
    }
}
