import Bytes
import Glibc
import NetworkServer
import Synchronization

/// An index that takes everything, and keeps account of it instead of keeping it.
final class Sink: Sendable {
    private struct State {
        var table = DocumentTable()
        var log: DocumentLog?
        var requestCount = 0
        var operationCount = 0
        var malformedCount = 0
        /// Documents that came without an ID.
        var namelessCount = 0
    }

    private let state: Mutex<State>
    private let schema = SinkSchema()

    /// Goes on from the account in the folder.
    init(folder: String?) throws {
        var state = State()
        if let folder { state.log = try DocumentLog(folder: folder, into: &state.table) }
        self.state = Mutex(state)
    }

    func routes() -> HTTPRouter {
        var router = HTTPRouter()
        for method in [HTTPMethod.post, .put] {
            router.on(method, "/_bulk", .workerThread { request, _ in try self.take(request, index: "") })
            router.on(
                method, "/:index/_bulk",
                .workerThread { request, parameters in try self.take(request, index: parameters["index"] ?? "") })
        }
        router.on(.get, "/_peer/report", .workerThread { _, _ in .json(self.report()) })
        router.on(
            .get, "/_peer/ids",
            .workerThread { request, _ in
                var text: [UInt8] = []
                let prefix = request.query.first("prefix") ?? ""
                self.state.withLock { $0.table.appendIDs(prefix: prefix, onto: &text) }
                return HTTPResponse(status: .ok, headers: [("content-type", "text/plain")], body: text)
            })
        schema.addRoutes(to: &router)
        return router
    }

    // MARK: Bulk requests

    private func take(_ request: HTTPRequest, index: String) throws -> HTTPResponse {
        do {
            let answered = AnsweredFields(filterPath: request.query.first("filter_path"))
            let answer = try request.body.withUnsafeBytes { bytes in
                let bulk = try Bulk(bytes)
                guard !bulk.operations.isEmpty else { throw Bulk.Malformed(message: "request body is required") }
                return try state.withLock { try Self.record(bulk, bytes, index, answered, &$0) }
            }
            return .json(answer)
        } catch let malformed as Bulk.Malformed {
            state.withLock { $0.malformedCount += 1 }
            return .json(
                ErrorBody.text(400, "illegal_argument_exception", malformed.message),
                status: .badRequest)
        }
    }

    private static func record(
        _ bulk: Bulk, _ bytes: UnsafeRawBufferPointer, _ index: String, _ answered: AnsweredFields, _ state: inout State
    ) throws -> [UInt8] {
        state.requestCount += 1
        state.operationCount += bulk.operations.count
        var items = BulkAnswer(answered, itemCount: bulk.operations.count)
        var lastIndex: (range: Range<Int>, number: UInt16)?
        for operation in bulk.operations {
            var number: UInt16
            if let last = lastIndex, isSame(bytes, last.range, operation.index) {
                number = last.number
            } else {
                let isNamed = !operation.index.isEmpty
                let name = isNamed ? String(decoding: bytes[operation.index], as: UTF8.self) : index
                let isNew: Bool
                (number, isNew) = state.table.number(ofIndex: name)
                if isNew { state.log?.append(index: name, number: number) }
                if isNamed { lastIndex = (operation.index, number) }
            }
            let id = UnsafeRawBufferPointer(rebasing: bytes[operation.id])
            guard !id.isEmpty else {
                state.namelessCount += 1
                items.append(operation.action, index: state.table.indexNames[Int(number)], id: id, status: 201)
                continue
            }
            let indexName = state.table.indexNames[Int(number)]
            if operation.action == .create, state.table.contains(index: number, id: id) {
                items.append(operation.action, index: indexName, id: id, status: 409)
                continue
            }
            let source = DocumentTable.source(UnsafeRawBufferPointer(rebasing: bytes[operation.source]))
            let isRepeat = state.table.record(index: number, id: id, source: source)
            state.log?.append(document: id, index: number, source: source)
            items.append(operation.action, index: indexName, id: id, status: isRepeat ? 200 : 201)
        }
        try state.log?.flush()
        return items.finish()
    }

    private static func isSame(_ bytes: UnsafeRawBufferPointer, _ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count, let start = bytes.baseAddress else { return false }
        return memcmp(start + left.lowerBound, start + right.lowerBound, left.count) == 0
    }

    // MARK: Report

    private func report() -> [UInt8] {
        state.withLock { state in
            var indices: [String] = []
            for (name, summary) in zip(state.table.indexNames, state.table.summaries) {
                indices.append(
                    #"{"index":"\#(name)","documents":\#(summary.documentCount),"repeats":\#(summary.repeatCount),"#
                        + #""differing":\#(summary.differingCount)}"#)
            }
            return Array(
                (#"{"documents":\#(state.table.entries.count),"requests":\#(state.requestCount),"#
                    + #""operations":\#(state.operationCount),"malformed":\#(state.malformedCount),"#
                    + #""nameless":\#(state.namelessCount),"indices":[\#(indices.joined(separator: ","))]}"#).utf8)
        }
    }
}

/// Which fields of an answer the client asked for with `filter_path`.
struct AnsweredFields {
    var names = true
    var results = true
    var took = true

    init(filterPath: String?) {
        guard let filterPath else { return }
        names = filterPath.contains("_id") || filterPath.hasSuffix("items") || filterPath.contains("items,")
        results = names && filterPath.contains("result")
        took = filterPath.contains("took")
    }
}

/// The answer to a bulk request, as it grows.
struct BulkAnswer {
    private let fields: AnsweredFields
    private var items: [UInt8] = []
    private var hasErrors = false

    init(_ fields: AnsweredFields, itemCount: Int) {
        self.fields = fields
        items.reserveCapacity(itemCount * (fields.results ? 256 : 64))
    }

    mutating func append(_ action: Bulk.Action, index: String, id: UnsafeRawBufferPointer, status: Int) {
        if !items.isEmpty { append(",") }
        switch action {
        case .index: append(#"{"index":{"#)
        case .create: append(#"{"create":{"#)
        case .update: append(#"{"update":{"#)
        case .delete: append(#"{"delete":{"#)
        }
        if fields.names {
            append(#""_index":""#)
            items.append(contentsOf: index.utf8)
            append(#"","_id":""#)
            items.append(contentsOf: id)
            append("\",")
        }
        if fields.results, status < 300 {
            append(status == 201 ? #""_version":1,"result":"created","# : #""_version":2,"result":"updated","#)
            append(#""_shards":{"total":2,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"#)
        }
        switch status {
        case 200: append(#""status":200}}"#)
        case 201: append(#""status":201}}"#)
        default:
            hasErrors = true
            append(#""status":409,"error":{"type":"version_conflict_engine_exception","reason":"#)
            append(#""version conflict, document already exists"}}}"#)
        }
    }

    /// The whole answer.
    consuming func finish() -> [UInt8] {
        var answer: [UInt8] = []
        answer.reserveCapacity(items.count + 64)
        answer.append(contentsOf: (fields.took ? #"{"took":1,"# : "{").utf8)
        answer.append(contentsOf: #""errors":\#(hasErrors),"items":["#.utf8)
        answer.append(contentsOf: items)
        answer.append(contentsOf: "]}".utf8)
        return answer
    }

    private mutating func append(_ text: StaticString) {
        items.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

/// The body of an answer that tells of an error, as OpenSearch words it.
enum ErrorBody {
    static func text(_ status: Int, _ type: String, _ reason: String) -> [UInt8] {
        let plain = reason.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let cause = #"{"type":"\#(type)","reason":"\#(plain)"}"#
        return Array(
            #"{"error":{"root_cause":[\#(cause)],"type":"\#(type)","reason":"\#(plain)"},"status":\#(status)}"#.utf8)
    }
}
