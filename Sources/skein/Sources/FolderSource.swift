import TraceModel
import TraceStore

/// The traces of a data folder, which this program has to itself as long as it looks.
struct FolderSource: TraceSource {
    private let folder: OpenedFolder

    init(path: String) throws { folder = try OpenedFolder(path: path) }

    func trace(_ traceID: TraceID) throws -> Trace? { try folder.store.trace(traceID) }

    func find(_ query: TraceQuery) throws -> [Trace] { try folder.store.find(query).traces }

    func serviceNames() throws -> [String] { try folder.store.serviceNames() }

    func operationNames(ofService service: String) throws -> [String] {
        Set(try folder.store.operations(ofService: service).map(\.name)).sorted()
    }
}
