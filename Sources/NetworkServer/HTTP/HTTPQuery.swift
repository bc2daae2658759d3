/// The parameters after a path's `?`, taken apart when asked for.
///
/// Anything is accepted: `%41` and `+` are undone where they make sense, a name without `=` has an empty value.
public struct HTTPQuery: Sendable {
    let storage: RequestStorage
    let range: Range<Int>

    /// As sent, still encoded.
    public var raw: String { storage.text(range) }
    public var isEmpty: Bool { range.isEmpty }

    /// Names and values in the order sent.
    public var parameters: [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        let head = storage.head
        let bytes = head.span
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            while end < range.upperBound && bytes[end] != UInt8(ascii: "&") { end += 1 }
            var nameEnd = start
            while nameEnd < end && bytes[nameEnd] != UInt8(ascii: "=") { nameEnd += 1 }
            if end > start {
                let name = percentDecoded(bytes.extracting(start..<nameEnd), plusIsSpace: true)
                let value = percentDecoded(bytes.extracting(min(nameEnd + 1, end)..<end), plusIsSpace: true)
                parameters.append((name, value))
            }
            start = end + 1
        }
        return parameters
    }

    /// The first value of `name`, which may be empty; nil where it is not given.
    public func first(_ name: String) -> String? {
        isEmpty ? nil : parameters.first { $0.name == name }?.value
    }

    /// All values of `name`, in the order sent.
    public func all(_ name: String) -> [String] {
        isEmpty ? [] : parameters.filter { $0.name == name }.map(\.value)
    }
}
