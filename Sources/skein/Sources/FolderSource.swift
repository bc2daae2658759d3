import Glibc
import HTTPAPI
import Logging
import QueryLanguage
import Releases
import Topology
import TraceModel
import TraceStore

/// The traces of a data folder, which this program has to itself as long as it looks.
final class FolderSource: TraceSource {
    private let store: TraceStore

    init(path: String) throws { store = try Self.open(path) }

    /// - Throws: `CommandFailure` if there is no such folder, `StoreError` if it cannot be opened.
    static func open(_ path: String, options: StoreOptions = StoreOptions()) throws -> TraceStore {
        // The store would make one of any folder.
        guard access(path + "/catalog.db", R_OK) == 0 else {
            guard access(path + "/segments", R_OK) == 0 else {
                throw CommandFailure("'\(path)' is no data folder of skein")
            }
            throw CommandFailure("'\(path)' has no catalog; 'skein store rebuild' makes one from the segments")
        }
        return try TraceStore(path: path, options: options, logger: logger)
    }

    /// Writes what is amiss, and not where the answer goes.
    static var logger: Logger {
        var logger = Logger(label: "skein") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }

    deinit { store.close() }

    func trace(_ traceID: TraceID) throws -> Trace? { try store.trace(traceID) }

    func compare(_ query: TraceDiffQuery) throws -> TraceDiffReport {
        do {
            return try TraceDiffQueries.compare(store, query, QueryWork()).report
        } catch let failure as TraceDiffQueries.NotFound {
            throw CommandFailure(failure.message)
        }
    }

    func find(_ search: TraceSearchRequest) throws -> FoundTraces {
        let language: TraceQLQuery
        do throws(TraceQLError) {
            language = try TraceQLQuery(parsing: search.query)
        } catch {
            throw CommandFailure("\(error)", exitCode: CommandFailure.wrongUsage)
        }
        var query = TraceQuery(
            rules: .traceQL(language), startMin: search.start, startMax: search.end, limit: search.limit)
        query.countMax = SkeinQueryParameters.countMaxDefault
        var lines: [TraceLine] = []
        let work = QueryWork()
        let outcome = try store.find(query, work) { lines.append(TraceLine(TraceSummary($0.trace))) }
        let notes = lines.isEmpty ? try SearchNotes.whyNothing(query, language, store, work) : []
        switch outcome.count {
        case .exactly(let count):
            return FoundTraces(traces: lines, count: count, isExact: true, notes: outcome.notes + outcome.gaps + notes)
        case .atLeast(let count):
            return FoundTraces(traces: lines, count: count, isExact: false, notes: outcome.notes + outcome.gaps + notes)
        }
    }

    func serviceNames() throws -> [String] { try store.serviceNames() }

    func operationNames(ofService service: String) throws -> [String] {
        Set(try store.operations(ofService: service).map(\.name)).sorted()
    }

    func topology(_ query: TopologyQuery) throws -> TopologyGraph { try store.topology(query) }

    func propagation(within window: Range<Int64>) throws -> PropagationReport { try store.propagation(within: window) }

    func releases(within window: Range<Int64>, ofService service: String?) throws -> ReleaseReport {
        try ReleaseQueries.releases(store, within: window, ofService: service)
    }

    func compare(_ query: ComparisonQuery) throws -> ComparisonReport {
        try ReleaseQueries.report(store, query, QueryWork())
    }
}
