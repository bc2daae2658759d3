/// One field line of a request's head: where its name and value stand in the head's bytes.
struct HeaderField {
    let nameStart: Int32
    let nameEnd: Int32
    let valueStart: Int32
    let valueEnd: Int32
}

/// The bytes of one request. Taken from an event loop's pool for a request and given back after it, unless a handler
/// kept the request.
///
/// Written by its connection on the event loop until the handler is called; from then on only read.
final class RequestStorage: @unchecked Sendable {
    /// The request's target, then the names and values of its fields.
    var head: [UInt8] = []
    var fields: [HeaderField] = []
    /// As sent while it is received, then unpacked.
    var body: [UInt8] = []
    /// Where in `body` begins what a handler is given: behind the prefix of a gRPC message.
    var bodyStart = 0

    /// The capacities above which memory is given back rather than kept for the next request.
    static let keptBodyByteCountMax = 64 << 10
    static let keptHeadByteCountMax = 8 << 10

    func clear() {
        head.removeAll(keepingCapacity: head.capacity <= Self.keptHeadByteCountMax)
        fields.removeAll(keepingCapacity: fields.capacity <= 128)
        bodyStart = 0
        body.removeAll(keepingCapacity: body.capacity <= Self.keptBodyByteCountMax)
    }

    /// Adds a field.
    /// - Returns: where its value stands in the head.
    func append(name: String, value: String) -> Range<Int> {
        let nameStart = head.count
        head.append(contentsOf: name.utf8)
        let valueStart = head.count
        head.append(contentsOf: value.utf8)
        fields.append(
            HeaderField(
                nameStart: Int32(nameStart), nameEnd: Int32(valueStart), valueStart: Int32(valueStart),
                valueEnd: Int32(head.count)))
        return valueStart..<head.count
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: head[range], as: UTF8.self)
    }

    /// The media type, in lower case and without parameters.
    var contentType: String? {
        guard let value = header("content-type") else { return nil }
        let type = value.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != ASCII.space && $0 != ASCII.tab }
        return String(decoding: type.map(ASCII.lowercased), as: UTF8.self)
    }

    /// The values of all fields called `name`, joined by a comma as RFC 9110, section 5.3 allows; nil without one.
    func header(_ name: String) -> String? {
        var value: String?
        let head = head
        let bytes = head.span
        for field in fields {
            let range = Int(field.nameStart)..<Int(field.nameEnd)
            guard range.count == name.utf8.count, bytes.extracting(range).isEqualIgnoringCase(to: name) else {
                continue
            }
            let text = text(Int(field.valueStart)..<Int(field.valueEnd))
            value = value.map { $0 + ", " + text } ?? text
        }
        return value
    }
}
