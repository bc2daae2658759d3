internal import Topology
internal import TraceModel
public import TraceStore

extension OpenSearchTraceStore {
    /// Requests served by version and time, as the cluster counts their documents.
    ///
    /// Copies of requests are told from requests in the latest traces that have any.
    public func servedRequests(
        ofService service: String?, within window: Range<Int64>, stepSeconds: Int64, _ work: QueryWork
    ) throws -> ServedRequests {
        var count = ServedRequestCount(self, window, stepSeconds: stepSeconds, work)
        return try count.run(service)
    }
}

/// Has the cluster count requests by version and time.
private struct ServedRequestCount {
    private let store: OpenSearchTraceStore
    private let window: ClosedRange<Int64>
    private let indices: IndexWindow
    /// Nanoseconds.
    private let stepLength: Int64
    private let work: QueryWork
    private var notes = ["requests are counted by their spans in OpenSearch"]

    private static let servicePageSize = 200
    /// Services with several versions, and versions of each, that are looked at.
    private static let serviceCountMax = 200
    private static let versionCountMax = 50
    /// Proxies' copies of requests whose traces are looked at: the latest.
    private static let mirrorCountMax = 2_000
    /// Whatever a cluster answers: more is no number of requests.
    private static let counts = 1...1_000_000_000_000
    /// Traces of which the IDs are asked for at once.
    private static let tracePageSize = 50

    init(_ store: OpenSearchTraceStore, _ window: Range<Int64>, stepSeconds: Int64, _ work: QueryWork) {
        self.store = store
        self.window = window.lowerBound...max(window.lowerBound, window.upperBound.subtractingClamped(1))
        indices = store.indices.spans(self.window)
        stepLength = stepSeconds * 1_000_000_000
        self.work = work
    }

    mutating func run(_ service: String?) throws -> ServedRequests {
        var found = try versions(service)
        if service == nil { found.removeAll { $0.versions.count < 2 } }
        if found.count > Self.serviceCountMax {
            note("only \(Self.serviceCountMax) of the \(found.count) services with several versions are looked at")
            found.removeLast(found.count - Self.serviceCountMax)
        }
        let mirrored = found.isEmpty ? [:] : try mirroredCounts()
        var operations: [OperationTotals] = []
        for (service, versions) in found {
            let namespace = try namespace(ofService: service)
            for (version, steps) in zip(versions, try steps(of: service, versions)) {
                func add(_ steps: [OperationTotals.Step], isMirrored: Bool) {
                    guard !steps.isEmpty else { return }
                    operations.append(
                        OperationTotals(
                            serviceName: service, namespace: namespace, version: version, operationName: "",
                            spanKind: .server, isMirrored: isMirrored, steps: steps))
                }
                let copies = mirrored[ServiceVersion(service: service, version: version)] ?? [:]
                add(steps.compactMap { $0.less(copies[$0.start]) }, isMirrored: false)
                add(copies.sorted { $0.key < $1.key }.map { OperationTotals.Step($0, $1) }, isMirrored: true)
            }
        }
        return ServedRequests(operations: operations, isExact: false, notes: notes)
    }

    private mutating func note(_ text: String) {
        if !notes.contains(text) { notes.append(text) }
    }

    private func filter(_ service: String?) -> DocumentFilter {
        let place = AttributePlace.span
        let kinds = DocumentFilter.any(["server", "consumer"].map { place.has("span.kind", $0) })
        return .all([.starts(window), kinds, service.map { .term(DocumentField.service, $0) } ?? .anything])
    }

    // MARK: Versions

    /// Values of an attribute, or of a field.
    private struct Values: Decodable {
        struct Bucket: Decodable {
            let key: String
        }
        let buckets: [Bucket]
        let sumOtherDocCount: Int
    }

    private struct ServicePage: Decodable {
        struct Key: Decodable {
            let value: String
        }
        struct List: Decodable {
            struct Keys: Decodable {
                let values: Values
            }
            let keys: Keys
        }
        struct Bucket: Decodable {
            let key: Key
            let span: List
            let process: List
            let spanFields: Fields
            let processFields: Fields
        }
        /// By the places of the keys.
        struct Fields: Decodable {
            let key0: Values
            let key1: Values
            let key2: Values
            let key3: Values
        }
        struct Services: Decodable {
            let buckets: [Bucket]
            let afterKey: Key?
        }
        let services: Services
    }

    /// Services, by name, with what may be versions of them.
    private mutating func versions(_ service: String?) throws(StoreError) -> [(service: String, versions: [String])] {
        var found: [(service: String, versions: [String])] = []
        var after: String?
        repeat {
            let place = after.map { ",\"after\":{\"value\":\(quoted($0))}" } ?? ""
            var search = SearchBody(size: 0, filter: filter(service))
            search.add(
                aggregation: "services",
                "{\"composite\":{\"size\":\(Self.servicePageSize),\"sources\":[{\"value\":{\"terms\":{\"field\":"
                    + "\(quoted(DocumentField.service))}}}]\(place)},\"aggs\":{"
                    + "\(Self.values(.span, "span")),\(Self.values(.process, "process"))}}")
            let answer = try store.cluster.aggregate(indices, search, work, as: ServicePage.self)
            if let gap = answer.gap { note(gap) }
            let page = answer.aggregations?.services
            for bucket in page?.buckets ?? [] {
                let lists = [bucket.span.keys.values, bucket.process.keys.values]
                let fields = [bucket.spanFields, bucket.processFields].flatMap { [$0.key0, $0.key1, $0.key2, $0.key3] }
                let all = lists + fields
                var versions = Set(all.flatMap { $0.buckets.map(\.key) })
                versions.remove("")
                if all.contains(where: { $0.sumOtherDocCount > 0 }) || versions.count > Self.versionCountMax {
                    note("\(bucket.key.value) has more than \(Self.versionCountMax) versions: some are left out")
                }
                found.append((bucket.key.value, Array(versions.sorted().prefix(Self.versionCountMax))))
            }
            after = page?.buckets.count == Self.servicePageSize ? page?.afterKey?.value : nil
        } while after != nil
        return found
    }

    /// An aggregation of all values under keys of versions, as JSON.
    private static func values(_ place: AttributePlace, _ name: String) -> String {
        func terms(_ field: String) -> String {
            "{\"terms\":{\"field\":\(quoted(field)),\"size\":\(versionCountMax)}}"
        }
        let keys = DocumentFilter.terms(place.list + ".key", CallAttributes.versionKeys).text
        let fields = CallAttributes.versionKeys.enumerated().map { number, key in
            "\"key\(number)\":" + terms("\(place.object ?? "").\(AttributePlace.fieldName(key) ?? key)")
        }
        return """
            "\(name)":{"nested":{"path":\(quoted(place.list))},"aggs":{"keys":{"filter":\(keys),"aggs":{"values":\
            \(terms(place.list + ".value"))}}}},"\(name)Fields":{"filter":\(DocumentFilter.anything.text),"aggs":\
            {\(fields.joined(separator: ","))}}
            """
    }

    /// The documents of a version, as the topology knows it: of the first key that is there, the span's own value, else
    /// that of its process.
    private static func isOf(_ version: String) -> DocumentFilter {
        func isThere(_ place: AttributePlace, _ key: String) -> DocumentFilter {
            .all([place.has(key, nil), .not(place.has(key, ""))])
        }
        let keys = CallAttributes.versionKeys
        return .any(
            keys.enumerated().map { number, key in
                let before = keys[..<number].flatMap { [isThere(.span, $0), isThere(.process, $0)] }
                return .all([
                    .not(.any(before)),
                    .any([
                        AttributePlace.span.has(key, version),
                        .all([.not(isThere(.span, key)), AttributePlace.process.has(key, version)]),
                    ]),
                ])
            })
    }

    // MARK: Counts

    private struct VersionCounts: Decodable {
        struct Count: Decodable {
            let docCount: Int
        }
        struct Step: Decodable {
            let key: Double
            let docCount: Int
            let errors: Count
        }
        struct Steps: Decodable {
            let buckets: [Step]
        }
        let steps: Steps
    }

    /// Of each version.
    private mutating func steps(
        of service: String, _ versions: [String]
    ) throws(StoreError) -> [[OperationTotals.Step]] {
        guard !versions.isEmpty else { return [] }
        let interval = stepLength / 1_000
        let texts = versions.enumerated().map { number, version in
            """
            "v\(number)":{"filter":\(Self.isOf(version).text),"aggs":{"steps":{"histogram":{"field":\
            \(quoted(DocumentField.start)),"interval":\(interval),"min_doc_count":1},"aggs":{"errors":{"filter":\
            \(DocumentFilter.servedInVain.text)}}}}}
            """
        }
        var search = SearchBody(size: 0, filter: filter(service))
        search.add("\"aggs\":{\(texts.joined(separator: ","))}")
        let answer = try store.cluster.aggregate(indices, search, work, as: [String: VersionCounts].self)
        if let gap = answer.gap { note(gap) }
        return versions.indices.map { number in
            (answer.aggregations?["v\(number)"]?.steps.buckets ?? []).compactMap { bucket in
                guard let start = Int64(exactly: bucket.key.rounded())?.multipliedClamped(by: 1_000),
                    Self.counts.contains(bucket.docCount),
                    window.contains(start.addingClamped(stepLength - 1)) || window.contains(start)
                else { return nil }
                return OperationTotals.Step(
                    start: start, callCount: bucket.docCount,
                    errorCount: min(bucket.docCount, max(0, bucket.errors.docCount)), durations: DurationSketch())
            }
        }
    }

    /// As one of its requests tells it.
    private func namespace(ofService service: String) throws -> String {
        let query = SpanQuery(
            serviceName: service, window: window.lowerBound..<window.upperBound.addingClamped(1), limit: 1)
        var namespace = ""
        _ = try store.forEachSpan(query, work) { span in
            var (extractor, names, sites) = (CallExtractor(), CallNames(), [UInt32]())
            _ = extractor.append(span.batch, to: &sites, &names)
            namespace = names.text(names.sites[Int(sites[span.row])].namespace)
        }
        return namespace
    }

    // MARK: Copies of requests

    private struct ServiceVersion: Hashable {
        let service: String
        let version: String
    }

    private typealias Counts = (calls: Int, errors: Int)

    /// By version, and by the start of the step.
    private mutating func mirroredCounts() throws(StoreError) -> [ServiceVersion: [Int64: Counts]] {
        let sampled = AttributePlace.span.matches("w3c.tracestate", pattern: ".*th:0*[1-9a-f].*")
        let mirrors = DocumentFilter(SpanQuery.mirrors)
        let (counts, gap) = try store.cluster.counts([mirrors, sampled], among: .starts(window), indices, work)
        if let gap { note(gap) }
        if store.isSampled || counts[1] > 0 {
            note("sampling left out others: how many there were, and what parts of them, is an estimate")
        }
        guard counts[0] > 0 else { return [:] }
        var traceIDs: [TraceID] = []
        var known: Set<TraceID> = []
        var pages = SpanPages(
            store.cluster, indices, .all([.starts(window), mirrors]), order: .latestFirst, size: Self.mirrorCountMax,
            work)
        if let batch = try pages.next() {
            for span in batch.spans where CallAttributes.isMirror(span) && known.insert(span.traceID).inserted {
                traceIDs.append(span.traceID)
            }
        }
        if !pages.isAtEnd { note("copies of requests are told from requests in the latest \(traceIDs.count) traces") }
        return try mirroredCounts(traceIDs)
    }

    private mutating func mirroredCounts(
        _ traceIDs: [TraceID]
    ) throws(StoreError) -> [ServiceVersion: [Int64: Counts]] {
        var sums: [ServiceVersion: [Int64: Counts]] = [:]
        for start in stride(from: 0, to: traceIDs.count, by: Self.tracePageSize) {
            var fetch = TraceFetch(store.cluster, store.indices.wholeTraces(window), work)
            let page = traceIDs[start..<min(start + Self.tracePageSize, traceIDs.count)]
            for trace in try fetch.traces(Array(page)).values {
                let mirrored = MirroredSpans(trace)
                for span in trace.spans where mirrored.contains(span.spanID) {
                    guard span.traits.kind == .server || span.traits.kind == .consumer, let time = span.start,
                        window.contains(time), let version = CallAttributes.version(of: span)
                    else { continue }
                    let own = ServiceVersion(
                        service: String(decoding: span.serviceName, as: UTF8.self),
                        version: String(decoding: version, as: UTF8.self))
                    var counts = sums[own]?[time - time % stepLength] ?? (0, 0)
                    counts.calls += 1
                    if span.isError { counts.errors += 1 }
                    sums[own, default: [:]][time - time % stepLength] = counts
                }
            }
            for gap in fetch.gaps { note(gap) }
        }
        return sums
    }
}

extension OperationTotals.Step {
    fileprivate init(_ start: Int64, _ counts: (calls: Int, errors: Int)) {
        self.init(start: start, callCount: counts.calls, errorCount: counts.errors, durations: DurationSketch())
    }

    /// Nil if nothing is left.
    fileprivate func less(_ counts: (calls: Int, errors: Int)?) -> OperationTotals.Step? {
        guard let counts else { return self }
        let left = callCount - counts.calls
        return left > 0 ? OperationTotals.Step(start, (left, min(left, max(0, errorCount - counts.errors)))) : nil
    }
}

extension AttributePlace {
    /// - Parameter pattern: of the whole value, as Lucene has it.
    fileprivate func matches(_ key: String, pattern: String) -> DocumentFilter {
        let own = DocumentFilter.nested(
            list, .all([.term(list + ".key", key), .matches(list + ".value", pattern: pattern)]))
        guard let object, let name = Self.fieldName(key) else { return own }
        return .any([own, .matches(object + "." + name, pattern: pattern)])
    }
}

extension DocumentFilter {
    /// Of spans of requests served, those that failed, as `JaegerStatus` has it: what says so itself, or, where it says
    /// nothing of the kind, the status of HTTP.
    fileprivate static var servedInVain: DocumentFilter {
        let place = AttributePlace.span
        func status(_ kind: String, first: String) -> DocumentFilter {
            .all([
                place.has("span.kind", kind),
                place.matches("http.status_code", pattern: "0*([0-9]{1,2}|[\(first)-9][0-9]{2}|[1-9][0-9]{3,8})"),
            ])
        }
        return .any([
            place.has("error", "true"), place.matches("otel.status_code", pattern: "[eE][rR][rR][oO][rR]"),
            .all([
                .not(place.matches("otel.status_code", pattern: "[oO][kK]")),
                .any([status("server", first: "5"), status("consumer", first: "4")]),
            ]),
        ])
    }
}
