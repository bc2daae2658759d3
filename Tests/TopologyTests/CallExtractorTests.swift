import Bytes
import TestSupport
import Testing
import Topology
import TraceModel

@Suite struct CallExtractorTests {
    /// What the extractor makes of one span with these attributes.
    private func site(
        _ kind: SpanKind = .server, _ attributes: [(String, String)] = [], service: String = "app",
        operation: String = "get", resource: [(String, String)] = [], remote: String = ""
    ) -> (site: CallSite, text: (UInt32) -> String) {
        var builder = SpanBatchBuilder()
        func intern(_ text: String) -> UInt32 {
            var text = text
            return text.withUTF8 { builder.intern(UnsafeRawBufferPointer($0)) }
        }
        builder.beginSpan()
        (builder.traceID, builder.spanID) = (TraceID(high: 1, low: 2), 3)
        (builder.serviceName, builder.operationName, builder.traits.kind) = (intern(service), intern(operation), kind)
        builder.traits.hasOrderedAttributes = true
        if !remote.isEmpty { builder.setField(.remoteServiceName, reference: intern(remote)) }
        if !resource.isEmpty {
            let bytes = Self.resource(resource)
            builder.setField(.resource, reference: bytes.withUnsafeBytes { builder.intern($0) })
        }
        for (key, value) in attributes { builder.addAttribute(key: intern(key), string: intern(value)) }
        builder.endSpan()
        var (extractor, names, records) = (CallExtractor(), CallNames(), [CallRecord]())
        extractor.append(builder.makeBatch(), to: &records, &names)
        return (names.sites[Int(records[0].site)], names.text)
    }

    /// A resource with strings, as `AttributeCoding` says.
    private static func resource(_ attributes: [(String, String)]) -> [UInt8] {
        func text(_ bytes: [UInt8]) -> [UInt8] {
            bytes.count < 128
                ? [UInt8(bytes.count)] + bytes : [UInt8(bytes.count & 127 | 128), UInt8(bytes.count >> 7)] + bytes
        }
        let body = attributes.flatMap { text(Array($0.utf8)) + [ValueType.string.rawValue] + text(Array($1.utf8)) }
        return text(body) + [0] + text([]) + text([])
    }

    @Test func `a sidecar's span tells service, namespace, version and operation`() {
        let (site, text) = site(
            .server, [("istio.canonical_revision", "v2"), ("istio.namespace", "default"), ("http.url", "/")],
            service: "reviews.default")
        #expect(text(site.serviceName) == "reviews.default")
        #expect(text(site.namespace) == "default")
        #expect(text(site.version) == "v2")
        #expect(text(site.operationName) == "get")
        #expect(site.traits == CallTraits(.server))
    }

    @Test func `the version is the first that is said`() {
        func version(_ attributes: [(String, String)], _ resource: [(String, String)] = []) -> String {
            let (site, text) = site(.server, attributes, resource: resource)
            return text(site.version)
        }
        let waypoint = ("istio.destination_canonical_revision", "v3")
        #expect(version([("istio.canonical_revision", "latest"), waypoint]) == "v3")
        #expect(version([("istio.canonical_revision", "latest"), ("service.version", "1.2")]) == "latest")
        #expect(version([("version", "a"), ("service.version", "1.2")]) == "1.2")
        #expect(version([("version", "a")]) == "a")
        #expect(version([], [("service.version", "1.3"), ("version", "a")]) == "1.3")
        #expect(version([("service.version", "1.2")], [("service.version", "1.3")]) == "1.2")
        #expect(version([("service.version", "")], [("version", "b")]) == "b")
        #expect(version([]) == "")
    }

    @Test func `the namespace is said by span, resource or name`() {
        func namespace(
            _ service: String, _ attributes: [(String, String)] = [], _ resource: [(String, String)] = []
        ) -> String {
            let (site, text) = site(.server, attributes, service: service, resource: resource)
            return text(site.namespace)
        }
        #expect(namespace("app.shop") == "shop")
        #expect(namespace("app.shop.svc.cluster.local") == "shop")
        for other in ["app", "com.example.Shop", "App.Shop", "10.0", "app.", ".shop", "a.b.c", "app.1"] {
            #expect(namespace(other) == "")
        }
        #expect(namespace("app.shop", [("istio.namespace", "mail")]) == "mail")
        #expect(namespace("app", [], [("k8s.namespace.name", "pod"), ("service.namespace", "own")]) == "own")
        #expect(namespace("app", [], [("k8s.namespace.name", "pod")]) == "pod")
    }

    @Test func `the other side is the first that is said`() {
        func target(_ attributes: [(String, String)], _ kind: SpanKind = .client) -> String {
            let (site, text) = site(kind, attributes)
            return text(site.target) + (site.targetVersion == 0 ? "" : "@" + text(site.targetVersion))
        }
        let cluster = ("upstream_cluster", "outbound|9080|v2|reviews.default.svc.cluster.local")
        let address = ("server.address", "api.example.com")
        #expect(target([cluster]) == "reviews.default@v2")
        #expect(target([cluster], .server) == "")
        #expect(target([address, cluster, ("peer.service", "peer")]) == "peer")
        #expect(target([address, cluster]) == "reviews.default@v2")
        #expect(target([("upstream_cluster", "outbound|80||api.example.com")]) == "api.example.com")
        #expect(
            target([("upstream_cluster", "inbound-vip|80|http|reviews.default.svc.cluster.local")]) == "reviews.default"
        )
        #expect(target([("upstream_cluster", "plain_cluster")]) == "plain_cluster")
        for none in [
            "inbound|9080||", "-", "outbound|80", "outbound|80||10.0.0.1", "", "InboundPassthroughCluster", "|||",
        ] {
            #expect(target([("upstream_cluster", none)]) == "")
        }
        #expect(target([address, ("db.system", "redis")]) == "api.example.com")
        for none in ["10.1.2.3", "::1", "localhost"] {
            #expect(target([("server.address", none), ("db.system", "redis")]) == "redis")
        }
        #expect(target([("net.peer.name", "app.shop.svc")]) == "app.shop")
        #expect(target([("db.system", "mysql"), ("db.name", "orders")]) == "orders")
        #expect(target([("db.system.name", "mysql"), ("db.namespace", "orders")]) == "orders")
        #expect(target([("messaging.system", "kafka"), ("messaging.destination.name", "topic")], .producer) == "kafka")
        #expect(target([("messaging.destination", "topic")], .producer) == "topic")
        let (remote, text) = site(.client, remote: "Remote")
        #expect(text(remote.remoteServiceName) == "Remote")
    }

    @Test func `traits tell mirrors, brokers and databases`() {
        #expect(site(.client, operation: "mirror").site.traits.isMirror)
        #expect(!site(.server, operation: "mirror").site.traits.isMirror)
        #expect(!site(.client, [("istio.namespace", "default")], operation: "mirror").site.traits.isMirror)
        #expect(!site(.client, operation: "mirrors").site.traits.isMirror)
        #expect(site(.producer).site.traits.isMessaging && site(.consumer).site.traits.isMessaging)
        #expect(site(.client, [("messaging.system", "kafka")]).site.traits.isMessaging)
        #expect(site(.client, [("db.system", "mysql")]).site.traits.isDatabase)
        #expect(!site(.server, [("db.system", "mysql")]).site.traits.isDatabase)
    }

    @Test func `names are compared whole`() {
        for key in ["istio.canonical_revisioo", "vorsion", "istio.namespac", "db.systen", "xeer.service"] {
            let isRead = Array(key.utf8).withUnsafeBytes { CallAttributes.isRead($0) }
            #expect(!isRead, "\(key)")
        }
        #expect(!CallAttributes.isRead(UnsafeRawBufferPointer(start: nil, count: 0)))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `what is not read may be left out, and a batch may be split`(seed: UInt64) {
        var generator = SpanGenerator(seed: seed)
        let batch = generator.batch(spanCount: 400)
        var (extractor, names) = (CallExtractor(), CallNames())
        var (whole, alone): ([CallRecord], [CallRecord]) = ([], [])
        extractor.append(batch, to: &whole, &names)
        var builder = SpanBatchBuilder()
        for span in batch.spans {
            builder.removeAll()
            span.copy(to: &builder) { !CallAttributes.isRead($0) }
            extractor.append(builder.makeBatch(), to: &alone, &names)
        }
        #expect(whole == alone, "seed \(seed)")
        for (span, record) in zip(batch.spans, whole) {
            #expect(record.traceIDLow == span.traceID.low && record.traceIDHigh == span.traceID.high)
            #expect(record.spanID == span.spanID.value)
            #expect(record.start == span.start ?? SpanBatch.absentTime)
            #expect(record.duration == span.duration ?? SpanBatch.absentTime)
            #expect((record.address != 0) == (span.traits.isShared && span.hasLocalAddress))
            #expect(names.sites[Int(record.site)].traits.isError == span.traits.isFailure)
        }
    }

    @Test func `every key that is read changes what is extracted`() {
        let keys = [
            "istio.canonical_revision", "istio.destination_canonical_revision", "service.version", "version",
            "istio.namespace", "service.namespace", "k8s.namespace.name", "peer.service", "upstream_cluster",
            "server.address", "net.peer.name", "db.namespace", "db.name", "db.system.name", "db.system",
            "messaging.system", "messaging.destination.name", "messaging.destination",
        ]
        for key in keys {
            let isRead = Array(key.utf8).withUnsafeBytes { CallAttributes.isRead($0) }
            #expect(isRead, "\(key)")
            let (with, without) = (site(.client, [(key, "x")]).site, site(.client).site)
            #expect(with != without, "\(key)")
        }
    }
}

extension SpanView {
    var hasLocalAddress: Bool {
        [SpanField.localIPv4, .localIPv6, .localPort].contains { field in
            if case .none = value(of: field) { false } else { true }
        }
    }
}
