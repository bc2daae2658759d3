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
        forEachText(of: span) { role, value in
            guard role.rawValue <= Role.version.rawValue else { return }
            if values[Int(role.rawValue)] == nil { values[Int(role.rawValue)] = value }
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
        forEachText(of: span) { role, _ in
            switch role {
            case .meshNamespace, .revision, .destinationRevision: isOfMesh = true
            default: break
            }
        }
        return !isOfMesh
    }

    /// What is said in texts that are not empty, by the span first, then by its resource.
    private static func forEachText(of span: SpanView, _ body: (Role, UnsafeRawBufferPointer) -> Void) {
        func tell(_ key: UnsafeRawBufferPointer, _ value: SpanValue) {
            guard case .string(let text) = value, !text.isEmpty, let role = role(of: key) else { return }
            body(role, text)
        }
        span.forEachAttribute { tell($0, $1) }
        guard case .map(let bytes) = span.value(of: .resource), let resource = try? ResourceView(bytes) else { return }
        // What comes behind damage is not seen.
        var reader = resource.attributes.attributes
        while let attribute = try? reader.nextAttribute() { tell(attribute.key, attribute.value) }
    }
}
