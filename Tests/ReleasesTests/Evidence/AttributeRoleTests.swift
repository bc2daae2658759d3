import Testing

@testable import Releases

@Suite struct AttributeRoleTests {
    private static func isFeature(_ key: String) -> Bool {
        if case .feature = AttributeRole(key: key) { true } else { false }
    }

    @Test(arguments: [
        "node_id", "k8s.pod.name", "k8s.pod.uid", "k8s.node.name", "host.name", "hostname", "pod", "pod_ip",
        "peer.address",
        "guid:x-request-id", "http.request_id", "request.id", "x-b3-traceid", "trace_id", "span.id", "process.pid",
        "service.instance.id", "container.id", "net.host.ip", "service.version", "version", "istio.canonical_revision",
        "duration_ms", "upstream_latency", "response_size",
    ])
    func `what names one of many, or follows from the outcome, is no reason`(key: String) {
        #expect(!Self.isFeature(key))
    }

    @Test(arguments: [
        "user_agent", "http.user_agent", "region", "cloud.availability_zone", "http.method", "http.route", "tenant.id",
        "istio.cluster_id", "feature.flag", "customer.type", "db.name", "request_size", "identity.provider",
    ])
    func `what many requests have in common may be one`(key: String) {
        #expect(Self.isFeature(key))
    }

    @Test func `what goes wrong is told from what does not`() {
        typealias Key = AttributeRole.ErrorKey
        #expect(Key.httpStatus.kind(of: "503") == "503" && Key.httpStatus.kind(of: "0") == "0")
        #expect(Key.httpStatus.kind(of: "302") == nil && Key.httpStatus.kind(of: "ok") == nil)
        #expect(Key.grpcStatus.kind(of: "14") == "14" && Key.grpcStatus.kind(of: "0") == nil)
        #expect(Key.responseFlags.kind(of: "UF,URX") == "UF,URX" && Key.responseFlags.kind(of: "-") == nil)
        #expect(Key.errorType.kind(of: "timeout") == "timeout" && Key.errorType.kind(of: "500") == nil)
        #expect(Key.text.kind(of: "true") == nil)
        #expect(Key.text.kind(of: "no row 17 in 0x2f\nnow") == "no row * in *x*f now")
        #expect(Key.text.kind(of: "user 3f2504e0-4f89-11d3 (a1b2c3d4e5)") == "user * (*)")
        #expect(Key.exception.kind(of: String(repeating: "E", count: 10_000))?.count == 200)
        #expect((Key.text.kind(of: String(repeating: "long ", count: 1_000))?.count ?? 0) < 200)
    }

    @Test(arguments: [
        ("http://shop:80/items/42?q=1#top", "/items/*"), ("/a/3f2504e0-4f89-11d3-9a0c-0305e82c3301/b", "/a/*/b"),
        ("https://shop", "/"), ("/items?id=/7", "/items"), ("/v1/face/deadbeef01", "/v1/face/*"), ("", "/"),
        ("http://shop?x=/y", "/"),
    ])
    func `a path has no query and no IDs`(url: String, path: String) {
        #expect(RequestText.path(ofURL: url) == path)
    }

    @Test func `addresses of machines are known`() {
        for address in ["10.0.0.1", "192.168.1.20:8080", "::1", "fe80::1ff:fe23:4567:890a", "[2001:db8::1]:443"] {
            #expect(RequestText.isAddress(address), "\(address)")
        }
        for text in ["1.2.3", "v1.2.3.4", "12:30", "a:b", "eu-west-1", "300.1.1.1", "1.2.3.4.5"] {
            #expect(!RequestText.isAddress(text), "\(text)")
        }
    }
}
