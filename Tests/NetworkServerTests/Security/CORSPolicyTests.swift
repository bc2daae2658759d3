import NetworkServer
import Testing

@Suite struct CORSPolicyTests {
    private func fields(_ headers: [(name: String, value: String)]) -> [String: String] {
        Dictionary(headers.map { ($0.name, $0.value) }) { "\($0), \($1)" }
    }

    private func allowed(_ origin: String, by origins: [String]) throws -> String? {
        let policy = try CORSPolicy(allowedOrigins: origins)
        return fields(policy.responseHeaders(origin: origin))["access-control-allow-origin"]
    }

    @Test func `without origins nothing is said`() throws {
        let policy = try CORSPolicy(allowedOrigins: [])
        #expect(!policy.isEnabled)
        #expect(policy.responseHeaders(origin: "https://shop.example").isEmpty)
        let preflight = policy.preflightHeaders(
            origin: "https://shop.example", requestedMethod: "POST", requestedHeaders: nil)
        #expect(preflight.isEmpty)
    }

    @Test(arguments: [
        ("https://shop.example", "https://shop.example"), ("https://Shop.Example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"), ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"), ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"), ("https://*.shop.example", "https://www.shop.example"),
        ("https://*.shop.example", "https://a.b.shop.example"),
        ("https://*.shop.example:8443", "https://www.shop.example:8443"),
    ])
    func `an origin is allowed by its pattern, and may bring credentials`(pattern: String, origin: String) throws {
        let policy = try CORSPolicy(allowedOrigins: ["https://first.example", pattern])
        #expect(policy.isEnabled)
        #expect(
            fields(policy.responseHeaders(origin: origin)) == [
                "vary": "origin", "access-control-allow-origin": origin, "access-control-allow-credentials": "true",
                "access-control-expose-headers": "retry-after",
            ])
    }

    @Test(arguments: [
        ("https://shop.example", "http://shop.example"), ("https://shop.example", "https://shop.example:8443"),
        ("https://shop.example", "https://shop.example.evil"), ("https://shop.example", "https://www.shop.example"),
        ("https://shop.example", "https://evilshop.example"), ("https://shop.example", ""),
        ("https://shop.example", "null"), ("https://*.shop.example", "https://shop.example"),
        ("https://*.shop.example", "https://.shop.example"), ("https://*.shop.example", "https://a..shop.example"),
        ("https://*.shop.example", "https://evilshop.example"), ("https://*.shop.example", "http://a.shop.example"),
        ("https://*.shop.example", "https://evil.example/.shop.example"),
        ("https://*.shop.example", "https://evil.example?.shop.example"),
        ("https://*.shop.example", "https://evil.example:1.shop.example"),
        ("https://*.shop.example", "https://a@evil.shop.example"),
        ("https://*.shop.example", "https://a.shop.example.evil"), ("*", "https://shop.example\r\nx: y"),
    ])
    func `another origin is not allowed`(pattern: String, origin: String) throws {
        let policy = try CORSPolicy(allowedOrigins: [pattern])
        #expect(fields(policy.responseHeaders(origin: origin)) == ["vary": "origin"])
        let preflight = policy.preflightHeaders(origin: origin, requestedMethod: "POST", requestedHeaders: nil)
        #expect(preflight.map(\.name) == ["vary"])
    }

    @Test func `everybody comes without credentials, who is listed with them`() throws {
        let policy = try CORSPolicy(allowedOrigins: ["*", "https://shop.example"])
        let anyone = fields(policy.responseHeaders(origin: "https://other.example"))
        #expect(anyone["access-control-allow-origin"] == "*")
        #expect(anyone["access-control-allow-credentials"] == nil)
        let listed = fields(policy.responseHeaders(origin: "https://shop.example"))
        #expect(listed["access-control-allow-origin"] == "https://shop.example")
        #expect(listed["access-control-allow-credentials"] == "true")
        #expect(fields(policy.responseHeaders(origin: nil)) == ["vary": "origin"])
    }

    @Test func `a preflight is told what may be sent`() throws {
        let policy = try CORSPolicy(
            allowedOrigins: ["https://shop.example"], allowedHeaders: ["Authorization"], maxAgeSeconds: 60)
        let headers = policy.preflightHeaders(
            origin: "https://shop.example", requestedMethod: "POST",
            requestedHeaders: "authorization,Content-Type, content-encoding")
        #expect(
            fields(headers) == [
                "vary": "origin, access-control-request-method, access-control-request-headers",
                "access-control-allow-origin": "https://shop.example", "access-control-allow-credentials": "true",
                "access-control-allow-methods": "POST",
                "access-control-allow-headers": "authorization, content-type, content-encoding",
                "access-control-max-age": "60",
            ])
    }

    @Test(
        arguments: [
            ("POST", nil, true), ("POST", "", true), ("POST", "content-type", true), ("POST", "x-tenant", true),
            ("POST", "x-other", false), ("POST", "content-type,x-other", false), ("DELETE", nil, false),
            ("post", nil, false), ("GET", nil, true), ("", nil, false),
        ] as [(String, String?, Bool)])
    func `a preflight for what may not be sent is not told to go on`(
        method: String, headers: String?, isAllowed: Bool
    ) throws {
        let policy = try CORSPolicy(allowedOrigins: ["https://shop.example"], allowedHeaders: ["X-Tenant"])
        let answer = policy.preflightHeaders(
            origin: "https://shop.example", requestedMethod: method, requestedHeaders: headers, methods: [.get, .post])
        #expect(fields(answer)["access-control-allow-origin"] == (isAllowed ? "https://shop.example" : nil))
        #expect(fields(answer)["access-control-allow-methods"] == (isAllowed ? "GET, POST" : nil))
    }

    @Test func `any header is let through where all are allowed, if it is the name of one`() throws {
        let policy = try CORSPolicy(allowedOrigins: ["*"], allowedHeaders: ["*"])
        for (sent, answered) in [("x-a, x-b", "x-a, x-b"), ("x-a\r\nevil:1", nil), ("x:y", nil)] {
            let headers = policy.preflightHeaders(
                origin: "https://shop.example", requestedMethod: "POST", requestedHeaders: sent)
            #expect(fields(headers)["access-control-allow-headers"] == answered)
        }
    }

    @Test(arguments: [
        "", "shop.example", "ftp://shop.example", "null", "https://", "https://shop.example/", "https://shop.example/a",
        "https://sh*p.example", "https://*", "https://*.", "https://*shop.example", "https://www.*.example",
        "https://*.*.example", "https://shop example", "https://user@shop.example", "**", "http://localhost:*",
    ])
    func `a pattern that no browser could fit is an error that names it`(pattern: String) throws {
        #expect {
            try CORSPolicy(allowedOrigins: ["https://good.example", pattern])
        } throws: { "\($0)".hasPrefix("allowed origin '\(pattern)': ") }
    }
}
