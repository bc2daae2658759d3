import Testing

@testable import skein_bench

@Suite struct AdminMetricsTests {
    @Test func `values are summed over labels, and what is no value is passed over`() {
        let page = """
            # HELP skein_store_segments Segments.
            # TYPE skein_store_segments gauge
            skein_store_segments 13
            skein_receiver_requests_total{protocol="zipkin-json",code="202"} 4
            skein_receiver_requests_total{protocol="zip kin",code="400"} 1.5e1
            broken
            also broken x
            """
        #expect(
            AdminMetrics.parse(page) == ["skein_store_segments": 13, "skein_receiver_requests_total": 19])
        #expect(AdminMetrics.parse("").isEmpty)
    }

    @Test func `a server that cannot be reached tells nothing`() throws {
        #expect(AdminMetrics(try SocketAddress("127.0.0.1:1")).read().isEmpty)
    }
}
