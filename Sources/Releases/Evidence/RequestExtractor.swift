internal import TraceModel

/// Takes from spans what comparisons ask of requests. What the spans of a batch have in common is looked at once.
struct RequestExtractor {
    private(set) var names = RequestNames()
    private var batch: SpanBatch?
    /// By the keys' numbers in the batch.
    private var roles: [UInt32: AttributeRole] = [:]
    /// What a value under a key is: the number of a feature or of a text; nil: nothing.
    private var known: [Value: UInt32?] = [:]
    private var knownResources: [UInt: [UInt32]] = [:]
    /// By the names' numbers in the batch.
    private var operations: [UInt32: OperationNames] = [:]
    /// By the numbers of URLs.
    private var paths: [UInt32: (path: UInt32, feature: UInt32?)] = [:]

    private struct OperationNames {
        var name: UInt32
        var common: UInt32
        var feature: UInt32?
    }

    /// A value as it lies in the batch, where equal texts lie in one place.
    private struct Value: Hashable {
        var column: UInt32
        var bits: UInt64
    }

    mutating func append(_ span: SpanView, to requests: inout StoredRequests) {
        guard let start = span.start else { return }
        if span.batch !== batch { begin(span.batch) }
        let operation = operation(span)
        var request = StoredRequests.Request(
            traceID: span.traceID, spanID: span.spanID, start: start, duration: max(0, span.duration ?? 0),
            isError: span.isError, samplingWeight: 1, weight: 1, operation: operation.name,
            commonOperation: operation.common, path: 0, url: 0, firstFeature: requests.features.count,
            errorKindCount: 0, featureCount: 0)
        var (errors, attributes): ([UInt32], [UInt32]) = ([], [])
        var urlRank = Int.max
        if let feature = operation.feature { attributes.append(feature) }
        span.forEachValue { column, value in
            switch column.role {
            case .attribute: take(column, value, span, &request, &urlRank, &errors, &attributes)
            case .field: takeField(column, value, &request, &errors, &attributes)
            case .eventAttributes: takeEvent(value, &errors)
            case .event, .eventName: break
            }
        }
        if let feature = paths[request.url]?.feature { attributes.append(feature) }
        Self.removeRepeats(&errors)
        Self.removeRepeats(&attributes)
        request.errorKindCount = errors.count
        request.featureCount = attributes.count
        requests.features += errors
        requests.features += attributes
        requests.requests.append(request)
    }

    private mutating func begin(_ batch: SpanBatch) {
        self.batch = batch
        roles.removeAll(keepingCapacity: true)
        known.removeAll(keepingCapacity: true)
        knownResources.removeAll(keepingCapacity: true)
        operations.removeAll(keepingCapacity: true)
    }

    private mutating func operation(_ span: SpanView) -> OperationNames {
        let number = span.shape.operationName
        if let known = operations[number] { return known }
        let name = String(decoding: span.operationName, as: UTF8.self)
        let common = name.isEmpty ? "(unnamed)" : ReleaseComparison.commonName(name)
        let operation = OperationNames(
            name: names.number(of: name), common: names.number(of: common), feature: names.feature("operation", common))
        operations[number] = operation
        return operation
    }

    private static func removeRepeats(_ numbers: inout [UInt32]) {
        guard numbers.count > 1 else { return }
        numbers.sort()
        var count = 1
        for number in numbers.dropFirst() where number != numbers[count - 1] {
            numbers[count] = number
            count += 1
        }
        numbers.removeLast(numbers.count - count)
    }

    // MARK: Attributes

    private mutating func take(
        _ column: SpanColumn, _ value: SpanValue, _ span: SpanView, _ request: inout StoredRequests.Request,
        _ urlRank: inout Int, _ errors: inout [UInt32], _ attributes: inout [UInt32]
    ) {
        let role: AttributeRole
        if let known = roles[column.key] {
            role = known
        } else {
            role = AttributeRole(key: String(decoding: span.batch.string(column.key), as: UTF8.self))
            roles[column.key] = role
        }
        switch role {
        case .none: return
        case .feature:
            if let feature = number(column, value, { $0.feature($1, in: span.batch.string(column.key)) }) {
                attributes.append(feature)
            }
        case .error(let key):
            let feature = number(column, value) { names, text in
                key.kind(of: text).flatMap { names.feature(key.rawValue, $0) }
            }
            if let feature { errors.append(feature) }
        case .url(let rank):
            guard rank < urlRank, let url = number(column, value, { $0.number(of: $1) }), url != 0 else { return }
            urlRank = rank
            request.url = url
            request.path = path(ofURL: url)
        }
    }

    private mutating func path(ofURL url: UInt32) -> UInt32 {
        if let known = paths[url] { return known.path }
        let text = RequestText.path(ofURL: names.texts[Int(url)])
        let path = names.number(of: text)
        paths[url] = (path, names.feature("path", text))
        return path
    }

    /// What a value is, made once for all spans of the batch that have it.
    private mutating func number(
        _ column: SpanColumn, _ value: SpanValue, _ make: (inout RequestNames, String) -> UInt32?
    ) -> UInt32? {
        let bits: UInt64
        switch value {
        case .string(let text): bits = UInt64(UInt(bitPattern: text.baseAddress))
        case .int(let number): bits = UInt64(bitPattern: number)
        case .bool(let flag): bits = flag ? 1 : 0
        case .double, .bytes, .array, .map, .none: return nil
        }
        let place = Value(column: column.rawValue, bits: bits)
        if let known = known[place] { return known }
        let number = Self.text(of: value).flatMap { make(&names, $0) }
        known[place] = .some(number)
        return number
    }

    /// Nil for what is no word; cut if it is long.
    private static func text(of value: SpanValue) -> String? {
        switch value {
        case .string(let text):
            text.isEmpty ? nil : String(decoding: text.prefix(RequestText.byteCountMax), as: UTF8.self)
        case .int(let number): "\(number)"
        case .bool(let flag): flag ? "true" : "false"
        case .double, .bytes, .array, .map, .none: nil
        }
    }

    // MARK: Fields and events

    private static let thresholdEnd = 0x1p56

    private mutating func takeField(
        _ column: SpanColumn, _ value: SpanValue, _ request: inout StoredRequests.Request, _ errors: inout [UInt32],
        _ attributes: inout [UInt32]
    ) {
        switch (column.field, value) {
        case (.samplingThreshold?, .int(let threshold)):
            let rejected = max(0, Double(threshold))
            guard rejected < Self.thresholdEnd else { return }
            request.samplingWeight = 1 / (1 - rejected / Self.thresholdEnd)
            request.weight = request.samplingWeight
        case (.statusMessage?, .string):
            let feature = number(column, value) { names, text in
                AttributeRole.ErrorKey.text.kind(of: text).flatMap { names.feature("error", $0) }
            }
            if let feature { errors.append(feature) }
        case (.resource?, .map(let bytes)):
            let place = UInt(bitPattern: bytes.baseAddress)
            if let known = knownResources[place] {
                attributes += known
            } else {
                let own = resourceFeatures(bytes)
                knownResources[place] = own
                attributes += own
            }
        default: break
        }
    }

    /// What comes behind damage is not seen.
    private mutating func resourceFeatures(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        guard let resource = try? ResourceView(bytes) else { return [] }
        var features: [UInt32] = []
        var reader = resource.attributes.attributes
        while let attribute = try? reader.nextAttribute() {
            let key = String(decoding: attribute.key, as: UTF8.self)
            guard case .feature = AttributeRole(key: key), let text = Self.text(of: attribute.value) else { continue }
            if let feature = names.feature(text, in: attribute.key) { features.append(feature) }
        }
        return features
    }

    private mutating func takeEvent(_ value: SpanValue, _ errors: inout [UInt32]) {
        guard case .map(let bytes) = value, let list = try? AttributeList(ofEvent: bytes) else { return }
        var reader = list.attributes
        while let attribute = try? reader.nextAttribute() {
            guard attribute.key.elementsEqual(AttributeRole.ErrorKey.exception.rawValue.utf8),
                let text = Self.text(of: attribute.value),
                let kind = AttributeRole.ErrorKey.exception.kind(of: text),
                let feature = names.feature(AttributeRole.ErrorKey.exception.rawValue, kind)
            else { continue }
            errors.append(feature)
        }
    }
}

extension RequestNames {
    /// Nil for a value that names a machine, or is long.
    fileprivate mutating func feature(_ value: String, in key: UnsafeRawBufferPointer) -> UInt32? {
        guard value.utf8.count <= RequestText.valueLengthMax, !RequestText.isAddress(value) else { return nil }
        return feature(String(decoding: key, as: UTF8.self), value)
    }
}
