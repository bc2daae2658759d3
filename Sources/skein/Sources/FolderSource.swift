import Glibc
import Logging
import TraceModel
import TraceStore

/// The traces of a data folder, which this program has to itself as long as it looks.
final class FolderSource: TraceSource {
    private let store: TraceStore

    /// - Throws: `CommandFailure` if there is no such folder, `StoreError` if it cannot be opened.
    init(path: String) throws {
        // The store would make the folder.
        guard access(path, R_OK | X_OK) == 0 else { throw CommandFailure("there is no data folder '\(path)'") }
        store = try TraceStore(path: path, options: StoreOptions(), logger: Logger(label: "skein"))
    }

    deinit { store.close() }

    func trace(_ traceID: TraceID) throws -> Trace? { try store.trace(traceID) }

    func find(_ query: TraceQuery) throws -> [Trace] { try store.find(query).traces }

    func serviceNames() throws -> [String] { try store.serviceNames() }

    func operationNames(ofService service: String) throws -> [String] {
        Set(try store.operations(ofService: service).map(\.name)).sorted()
    }
}
