internal import TraceModel

/// Where the spans of one shape say the version and the namespace of their service: the same places that the topology
/// asks.
struct OriginColumns: Sendable {
    /// By key, in the order in which they are asked: the place among a row's words, or -1.
    private var versions: (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
    private var namespaces: (Int32, Int32, Int32) = (-1, -1, -1)
    private var resource: Int32 = -1

    private static let versionKeys: [StaticString] = [
        "istio.destination_canonical_revision", "istio.canonical_revision", "service.version", "version",
    ]
    private static let namespaceKeys: [StaticString] = ["istio.namespace", "service.namespace", "k8s.namespace.name"]

    /// What a row says, as numbers of strings of its batch; 0 for what it does not have.
    struct Words: Equatable, Sendable {
        fileprivate var versions: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        fileprivate var namespaces: (UInt32, UInt32, UInt32) = (0, 0, 0)
        fileprivate var resource: UInt32 = 0

        static func == (a: Words, b: Words) -> Bool {
            a.versions == b.versions && a.namespaces == b.namespaces && a.resource == b.resource
        }
    }

    init(_ shape: SpanShape, _ batch: SpanBatch) {
        let resourceWord = ColumnWord.resource
        var found = self
        shape.forEachColumn { column, place in
            if column.isStringAttribute {
                found.add(batch.string(column.key), Int32(place))
            } else if column.rawValue == resourceWord {
                found.resource = Int32(place)
            }
        }
        self = found
    }

    private mutating func add(_ key: UnsafeRawBufferPointer, _ word: Int32) {
        // Most keys are none of these.
        switch key.count {
        case 36: if Self.versionKeys[0].isEqual(to: key) { versions.0 = word }
        case 24: if Self.versionKeys[1].isEqual(to: key) { versions.1 = word }
        case 15:
            if Self.versionKeys[2].isEqual(to: key) { versions.2 = word }
            if Self.namespaceKeys[0].isEqual(to: key) { namespaces.0 = word }
        case 7: if Self.versionKeys[3].isEqual(to: key) { versions.3 = word }
        case 17: if Self.namespaceKeys[1].isEqual(to: key) { namespaces.1 = word }
        case 18: if Self.namespaceKeys[2].isEqual(to: key) { namespaces.2 = word }
        default: break
        }
    }

    func words(ofRow row: Int, _ batch: SpanBatch) -> Words {
        let values = batch.values(ofRow: row)
        func at(_ place: Int32) -> UInt32 { place < 0 ? 0 : values[Int(place)] }
        return Words(
            versions: (at(versions.0), at(versions.1), at(versions.2), at(versions.3)),
            namespaces: (at(namespaces.0), at(namespaces.1), at(namespaces.2)), resource: at(resource))
    }

    // MARK: What the words mean

    /// Empty if the span says none.
    static func version(_ words: Words, _ batch: SpanBatch) -> UnsafeRawBufferPointer {
        let own = words.versions
        let word = own.0 != 0 ? own.0 : own.1 != 0 ? own.1 : own.2 != 0 ? own.2 : own.3
        if word != 0 { return batch.string(word) }
        return ofResource(versionKeys, words, batch)
    }

    /// Empty if the span says none; a mesh names a service `app.namespace`.
    static func namespace(
        _ words: Words, _ batch: SpanBatch, serviceName: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let own = words.namespaces
        let word = own.0 != 0 ? own.0 : own.1 != 0 ? own.1 : own.2
        if word != 0 { return batch.string(word) }
        let found = ofResource(namespaceKeys, words, batch)
        guard found.isEmpty, let dot = serviceName.firstIndex(of: UInt8(ascii: ".")) else { return found }
        let rest = serviceName[(dot + 1)...]
        return UnsafeRawBufferPointer(rebasing: rest.prefix { $0 != UInt8(ascii: ".") })
    }

    private static func ofResource(
        _ keys: [StaticString], _ words: Words, _ batch: SpanBatch
    ) -> UnsafeRawBufferPointer {
        var found = UnsafeRawBufferPointer(start: nil, count: 0)
        guard words.resource != 0, let resource = try? ResourceView(batch.string(words.resource)) else { return found }
        var rank = keys.count
        var attributes = resource.attributes.attributes
        while let (key, value) = try? attributes.nextAttribute() {
            guard case .string(let text) = value, !text.isEmpty else { continue }
            if let place = keys[..<rank].firstIndex(where: { $0.isEqual(to: key) }) {
                (found, rank) = (text, place)
            }
        }
        return found
    }
}

extension StaticString {
    func isEqual(to bytes: UnsafeRawBufferPointer) -> Bool {
        utf8CodeUnitCount == bytes.count
            && UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount).elementsEqual(bytes)
    }
}
