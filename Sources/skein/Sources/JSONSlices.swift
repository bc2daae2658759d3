/// JSON cut into the texts of its values, without a look at what they mean; what is no JSON is cut somehow.
enum JSONSlices {
    /// The elements of a list; none if it is no list.
    static func elements(_ list: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        guard let open = list.firstIndex(where: { !isBlank($0) }), list[open] == UInt8(ascii: "[") else { return [] }
        var elements: [ArraySlice<UInt8>] = []
        var at = open + 1
        while let start = list[at...].firstIndex(where: { !isBlank($0) && $0 != UInt8(ascii: ",") }),
            list[start] != UInt8(ascii: "]")
        {
            at = endOfValue(list, from: start)
            elements.append(list[start..<at])
        }
        return elements
    }

    /// Values one after another, with blanks or line ends between them.
    static func values(_ text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        var at = text.startIndex
        while let start = text[at...].firstIndex(where: { !isBlank($0) }) {
            at = endOfValue(text, from: start)
            values.append(text[start..<at])
        }
        return values
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// At least one byte past `start`.
    private static func endOfValue(_ text: ArraySlice<UInt8>, from start: Int) -> Int {
        var depth = 0
        var at = start
        while at < text.endIndex {
            switch text[at] {
            case UInt8(ascii: "\""):
                at = endOfString(text, from: at)
                if depth == 0 { return at }
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return at + 1 }
                if depth < 0 { return max(at, start + 1) }
            case UInt8(ascii: ",") where depth == 0 && at > start:
                return at
            case let byte where depth == 0 && isBlank(byte):
                return at
            default:
                break
            }
            at += 1
        }
        return at
    }

    /// The place after the closing quote, or the end of the text.
    static func endOfString(_ text: ArraySlice<UInt8>, from quote: Int) -> Int {
        var at = quote + 1
        while at < text.endIndex {
            if text[at] == UInt8(ascii: "\"") { return at + 1 }
            at += text[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return text.endIndex
    }
}
