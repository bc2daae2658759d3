public import TraceModel

extension CallAttributes {
    /// Where a version stands, of a span or else of its resource; the first that is there and not empty.
    public static let versionKeys = [
        "istio.destination_canonical_revision", "istio.canonical_revision", "service.version", "version",
    ]

    /// What a proxy's own spans have, but not those of its copies of requests.
    public static let meshKeys = [
        "istio.namespace", "istio.canonical_revision", "istio.destination_canonical_revision",
    ]

    /// What a proxy names its copies of requests.
    public static let mirrorName = "mirror"

    /// The version that a span is of, by the rules of `CallExtractor`; nil if that is not said. Valid as long as the
    /// span's batch.
    public static func version(of span: SpanView) -> UnsafeRawBufferPointer? {
        var values = InlineArray<4, UnsafeRawBufferPointer?>(repeating: nil)
        func set(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
            guard !value.isEmpty, let role = role(of: key), role.rawValue <= Role.version.rawValue else { return }
            if values[Int(role.rawValue)] == nil { values[Int(role.rawValue)] = value }
        }
        span.forEachAttribute { key, value in
            if case .string(let text) = value { set(key, text) }
        }
        if case .map(let bytes) = span.value(of: .resource), let resource = try? ResourceView(bytes) {
            // What comes behind damage is not seen.
            var reader = resource.attributes.attributes
            while let attribute = try? reader.nextAttribute() {
                if case .string(let text) = attribute.value { set(attribute.key, text) }
            }
        }
        for role in values.indices {
            if let value = values[role] { return value }
        }
        return nil
    }

    /// Whether a span is a proxy's copy of a request, by the rules of `CallExtractor`.
    public static func isMirror(_ span: SpanView) -> Bool {
        guard span.traits.kind == .client, span.operationName.elementsEqual(mirrorName.utf8) else { return false }
        var isOfMesh = false
        func note(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
            guard !value.isEmpty, let role = role(of: key) else { return }
            if [.meshNamespace, .revision, .destinationRevision].contains(role) { isOfMesh = true }
        }
        span.forEachAttribute { key, value in
            if case .string(let text) = value { note(key, text) }
        }
        guard case .map(let bytes) = span.value(of: .resource), let resource = try? ResourceView(bytes) else {
            return !isOfMesh
        }
        var reader = resource.attributes.attributes
        while let attribute = try? reader.nextAttribute() {
            if case .string(let text) = attribute.value { note(attribute.key, text) }
        }
        return !isOfMesh
    }
}
