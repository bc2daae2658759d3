import Glibc
import TestSupport

/// The operations of a bulk request, taken apart into those that are passed on and those that fail here.
struct BulkSplit {
    /// What is passed on.
    private(set) var passedBody: [UInt8] = []
    private(set) var passedCount = 0
    /// The answers to those that fail, with their places among all.
    private(set) var injected: [(place: Int, item: String)] = []

    init(_ bytes: UnsafeRawBufferPointer, _ plan: FaultPlan, _ faults: FaultDesk) throws {
        let operations = try Bulk(bytes).operations
        let text = plan.mappingErrorText.map { Array($0.utf8) }
        let keys = operations.map { operation in
            let name = String(decoding: bytes[operation.index], as: UTF8.self)
            let id = String(decoding: bytes[operation.id], as: UTF8.self)
            return (key: "\(name)\t\(id)", isMatch: text.map { Self.holds(bytes, operation.source, $0) } ?? false)
        }
        for (place, fault) in faults.drawItems(keys, plan).enumerated() {
            let operation = operations[place]
            guard let fault else {
                passedBody.append(contentsOf: bytes[operation.lines])
                passedCount += 1
                continue
            }
            let names = keys[place].key.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            injected.append(
                (
                    place,
                    #"{"\#(operation.action.rawValue)":{"_index":"\#(names[0])","_id":"\#(names[1])","#
                        + #""status":\#(fault.status),"error":\#(fault.error(id: names[1]))}}"#
                ))
        }
    }

    private static func holds(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard let start = bytes.baseAddress, let first = text.first else { return false }
        var position = range.lowerBound
        while position + text.count <= range.upperBound,
            let found = memchr(start + position, Int32(first), range.upperBound - position - text.count + 1)
        {
            if memcmp(found, text, text.count) == 0 { return true }
            position = start.distance(to: UnsafeRawPointer(found)) + 1
        }
        return false
    }

    /// The answer to the whole request.
    func merged(with answered: [ArraySlice<UInt8>]) -> [UInt8] {
        var body = Array(#"{"took":1,"errors":true,"items":["#.utf8)
        var (mine, others) = (injected[...], answered[...])
        for place in 0..<injected.count + answered.count {
            if place > 0 { body.append(UInt8(ascii: ",")) }
            if mine.first?.place == place, let item = mine.popFirst() {
                body.append(contentsOf: item.item.utf8)
            } else if let item = others.popFirst() {
                body.append(contentsOf: item)
            }
        }
        body.append(contentsOf: "]}".utf8)
        return body
    }

    /// The objects in the `items` of an answer.
    static func items(of answer: [UInt8]) throws -> [ArraySlice<UInt8>] {
        guard let field = answer.firstRange(of: Array(#""items""#.utf8)) else { throw TestSupportError("no items") }
        var items: [ArraySlice<UInt8>] = []
        var (depth, start, isText) = (0, 0, false)
        var position = field.upperBound
        while position < answer.count {
            let byte = answer[position]
            if isText {
                if byte == UInt8(ascii: "\\") { position += 1 }
                if byte == UInt8(ascii: "\"") { isText = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: "{"):
                    if depth == 0 { start = position }
                    depth += 1
                case UInt8(ascii: "}"):
                    depth -= 1
                    if depth == 0 { items.append(answer[start...position]) }
                case UInt8(ascii: "]") where depth == 0: return items
                default: break
                }
            }
            position += 1
        }
        throw TestSupportError("the items have no end")
    }
}
