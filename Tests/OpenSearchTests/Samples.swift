import Logging
import OpenSearch
import Threads
import WireFormats

/// A body of documents that differ by their numbers.
func bulkBody(
    _ numbers: some Sequence<Int>, index: String = "things", action: String = "index", padding: Int = 0
) -> BulkBody {
    var body = BulkBody()
    let filler = String(repeating: "x", count: padding)
    for number in numbers {
        body.append(
            action: Array(#"{"\#(action)":{"_index":"\#(index)","_id":"\#(number)"}}"#.utf8),
            source: Array(#"{"number":\#(number),"filler":"\#(filler)"}"#.utf8))
    }
    return body
}

/// The numbers of the documents in a body of a request.
func numbers(in body: [UInt8]) -> [Int] {
    body.split(separator: UInt8(ascii: "\n")).compactMap { line in
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix(#"{"number":"#) else { return nil }
        return Int(text.dropFirst(10).prefix { $0.isNumber })
    }
}

func quietLogger() -> Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}

/// An answer to a bulk request of so many documents, all of this status.
func bulkAnswer(_ count: Int, status: Int = 201) -> String {
    let items = (0..<count).map { _ in #"{"index":{"status":\#(status)}}"# }.joined(separator: ",")
    return #"{"errors":\#(status >= 300),"items":[\#(items)]}"#
}

/// Results that come on other threads.
final class Results<Value: Sendable>: Sendable {
    private let condition = ThreadCondition()
    private nonisolated(unsafe) var values: [Value] = []

    func add(_ value: Value) { condition.signal { values.append(value) } }

    /// All so far, once there are so many; at most for a minute.
    func wait(for count: Int) -> [Value] {
        condition.wait(seconds: 60) { values.count >= count ? values : nil } ?? values
    }
}
