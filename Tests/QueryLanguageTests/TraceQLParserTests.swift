import QueryLanguage
import Testing

@Suite struct TraceQLParserTests {
    /// Queries as they may be written, and as they are printed; nil: the same.
    static let accepted: [(String, String?)] = [
        ("", "{ }"), (" \n\t", "{ }"), ("{}", "{ }"), ("{ true }", nil),
        ("{ !true && 1 = 2 }", nil), ("{ .a }", nil), ("{ !.a }", nil), ("{ -.a = 2 }", nil),
        ("{ .a = \"x\\\"\\n\\u00e9\\x41\\101\" }", "{ .a = \"x\\\"\\néAA\" }"),
        ("{ .a = `x\\\"` }", "{ .a = \"x\\\\\\\"\" }"),
        ("{.a=-1.5e3}", "{ .a = -1500.0 }"),
        (
            "{ .a = -9223372036854775808 && .b = maxInt }",
            "{ .a = -9223372036854775808 && .b = 9223372036854775807 }"
        ),
        ("{ duration > 1h2m3.5ms }", "{ duration > 1h2m0.0035s }"), ("{ duration > 1500us }", "{ duration > 1.5ms }"),
        ("{ duration > 0.25m && duration < 2d }", "{ duration > 15s && duration < 48h0m0s }"),
        ("{ duration = 300ns || duration = 3µs }", nil),
        (
            "{ status = ok || status != error || span:status = unset }",
            "{ status = ok || status != error || status = unset }"
        ),
        ("{ kind = internal && span:kind != unspecified }", "{ kind = internal && kind != unspecified }"),
        ("{ span.\"a b\".c = 1 }", "{ span.\"a b.c\" = 1 }"), ("{ span.a-b/c:d@e = 1 }", nil),
        ("{ span.\"q\\\"\\\\\" = nil }", nil), ("{ resource.service.name != nil }", nil), ("{ nil = .a }", nil),
        ("{ span.resource.id = `` }", "{ span.resource.id = \"\" }"),
        ("{ event.a = 1 && link.a = 1 && instrumentation.a = 1 && parent.a = 1 && parent.span.a = 1 }", nil),
        (
            "{ parent.duration = 1h && parent.\"duration\" = 1 && parent.resource.x = `` && parent.span:id = `1` }",
            "{ parent.duration = 1h0m0s && parent.\"duration\" = 1 && parent.resource.x = \"\" "
                + "&& parent.span:id = \"1\" }"
        ),
        ("{ parent.span:name = `a` && parent.\"span.a\" = 1 }", "{ parent.name = \"a\" && parent.\"span.a\" = 1 }"),
        (
            "{ trace:duration > 2s && trace:rootName = `a` && trace:rootService = `b` && trace:id = `1` }",
            "{ traceDuration > 2s && rootName = \"a\" && rootServiceName = \"b\" && trace:id = \"1\" }"
        ),
        (
            "{ span:duration > 2s && span:statusMessage = `` && span:parentID = `` && span:childCount > 1 }",
            "{ duration > 2s && statusMessage = \"\" && span:parentID = \"\" && span:childCount > 1 }"
        ),
        (
            "{ event:name = `a` && event:timeSinceStart > -1s && link:traceID = `1` && link:spanID = `2` }",
            "{ event:name = \"a\" && event:timeSinceStart > -1s && link:traceID = \"1\" && link:spanID = \"2\" }"
        ),
        (
            "{ instrumentation:name = `` && instrumentation:version = `` }",
            "{ instrumentation:name = \"\" && instrumentation:version = \"\" }"
        ),
        (
            "{ nestedSetLeft > 3 && nestedSetRight < 9 && nestedSetParent < 0 && childCount = 0 }",
            "{ nestedSetLeft > 3 && nestedSetRight < 9 && nestedSetParent < 0 && span:childCount = 0 }"
        ),
        ("{ .a =~ \"a|b\" && name !~ `.*x` }", "{ .a =~ \"a|b\" && name !~ \".*x\" }"),
        ("{ 1 + 2 * 3 ^ 2 ^ 2 - -4 % 3 = (1 + .a) * 2 }", nil), ("{ -2 ^ 2 = -(2 ^ 2) }", "{ -(2 ^ 2) = -(2 ^ 2) }"),
        ("{ (-2) ^ 2 = 4 }", nil), ("{ 1 - (2 - 3) = 1 }", nil), ("{ ((.a)) = (1) }", "{ .a = 1 }"),
        ("{ 1 = 2 = true }", nil), ("{ 1 < 1h && 1 <= 1.1 }", "{ 1 < 1h0m0s && 1 <= 1.1 }"),
        // The same precedence, from the left.
        ("{ .a || .b && .c }", "{ (.a || .b) && .c }"), ("{ .a && .b || .c }", "{ (.a && .b) || .c }"),
        ("{ .a || (.b && .c) }", nil), ("{ !(.a && .b) }", nil),
        ("{} && {} || {}", "({ } && { }) || { }"), ("{} && ({} || {})", "{ } && ({ } || { })"),
        ("{.a} > {.b} && {.c} !>> {.d}", "{ .a } > { .b } && { .c } !>> { .d }"),
        ("{} > ({} < {})", "{ } > ({ } < { })"),
        ("({}) && (({.a}))", "{ } && { .a }"), ("({} | count() > 1) ~ {}", "({ } | count() > 1) ~ { }"),
        ("count() > 2", "{ } | count() > 2"), ("by(.a) | count() = 1", "{ } | by(.a) | count() = 1"),
        ("select(.a)", "{ } | select(.a)"), ("{} | by(1 + .a) | coalesce()", "{ } | by(1 + .a) | coalesce()"),
        ("{ } | avg(duration) >= 1s | max(.a * 2) != 3 | min(span.x) < 1 | sum(.b) <= 2", nil),
        ("{ } | (count() + 2) * 2 > -count() ^ 2 - 1", "{ } | (count() + 2) * 2 > -(count() ^ 2) - 1"),
        ("({ } | count() > 1 | { false }) >> ({ } | by(.a))", nil),
        ("{ } with (most_recent=true, sample=0.1)", "{ }"),
        ("{ } | count() > 1 with(exemplars=-3)", "{ } | count() > 1"),
        ("{ } | select(status, .service_name, resource.hostname, name, span:id, event:name)", nil),
        (
            "{ .service.name = \"reviews.bookinfo\"  &&  .istio.cluster_id = \"Kubernetes\"   } && {  } | "
                + "select(status, .service_name, .node_id, .component, .upstream_cluster, .http.method, "
                + ".response_flags, "
                + ".istio.destination_workload, resource.hostname, name)",
            "{ .service.name = \"reviews.bookinfo\" && .istio.cluster_id = \"Kubernetes\" } && { } | "
                + "select(status, .service_name, .node_id, .component, .upstream_cluster, .http.method, "
                + ".response_flags, "
                + ".istio.destination_workload, resource.hostname, name)"
        ),
        ("{ .node_id =~ \".*\" && .http.status_code != \"200\" }", nil),
        (
            "{resource.service.name=\"a\" && name=\"b\" && span.http.status_code>=500 && duration>10ms}",
            "{ resource.service.name = \"a\" && name = \"b\" && span.http.status_code >= 500 && duration > 10ms }"
        ),
        (
            "{nestedSetParent<0 && status=error} | select(span.x)",
            "{ nestedSetParent < 0 && status = error } | select(span.x)"
        ),
    ]

    @Test(arguments: accepted)
    func `what is a query is read, and printed the same`(text: String, printed: String?) throws {
        let query = try TraceQLQuery(parsing: text)
        #expect(query.description == printed ?? text)
        #expect(try TraceQLQuery(parsing: query.description) == query)
    }

    @Test(arguments: TraceQLQuery.SpansetOperator.allCases)
    func `every operator between spansets is read`(sign: TraceQLQuery.SpansetOperator) throws {
        let query = try TraceQLQuery(parsing: "{.a}\(sign.rawValue){.b}")
        #expect(query.description == "{ .a } \(sign.rawValue) { .b }")
        guard case .spansets(.combined(_, sign, _)) = query.pipeline.stages[0] else {
            Issue.record("\(query.pipeline)")
            return
        }
    }

    /// Texts that are none, the place of the mistake, and a part of the message.
    static let refused: [(String, String, String)] = [
        ("true", "1:1", "expected `{`"), ("[ true ]", "1:1", "expected"), ("{ . }", "1:4", "expected the key"),
        ("{ .a < }", "1:8", "expected a field or a value"), ("{ .a < 3", "1:9", "expected `}`"),
        ("{ (.a < 3 }", "1:11", "expected `)`"), ("{ attribute = 4 }", "1:3", "`.attribute`"),
        ("{ .a == 4 }", "1:6", "expected `}`"), ("{ span. }", "1:8", "key"), ("{ span }", "1:3", "span.KEY"),
        ("{ parent }", "1:3", "parent.KEY"), ("{ true } + { true }", "1:10", "expected `|`"),
        ("{ true } <= { true }", "1:10", "expected `|`"), ("{ true } | count()", "1:19", "comparison"),
        ("{ true } | nothing() = 1", "1:12", "expected"), ("{ true } | max() = 1", "1:16", "expected a field"),
        ("{ } | by()", "1:10", "expected a field"), ("{ } | by(1)", "1:10", "field of the spans"),
        ("sum(3) = 2", "1:5", "field of the spans"), ("min(1 = 3) = 1", "1:5", "field"),
        ("max(name) = 3", "1:5", "numbers"), ("max(duration) < ok", "1:17", "expected"),
        ("avg(.x) + 1", "1:12", "comparison"), ("count() > 3 && { }", "1:13", "expected `|`"),
        ("coalesce() | { }", "1:1", "no spansets"), ("select()", "1:8", "field"), ("select(.a", "1:10", "expected `)`"),
        ("({ } | count()) + ({ } | count()) = 1", "1:15", "comparison"), ("count() =~ 2", "1:11", "pattern"),
        ("{ trace:status = error }", "1:3", "trace:status"), ("{ span:rootName = `b` }", "1:3", "span:rootName"),
        ("{ status }", "1:3", "a status"), ("{ 1 + 1 }", "1:3", "a number"), ("{ \"foo\" }", "1:3", "text"),
        ("{ name > 3 }", "1:8", "text is never compared with a number"), ("{ 1 = \"foo\" }", "1:5", "never compared"),
        ("{ 1 + \"foo\" = 1 }", "1:7", "`+` is for numbers"), ("{ 1 ^ name = 1 }", "1:7", "numbers"),
        ("{ status > ok }", "1:10", "no order"), ("{ kind < consumer }", "1:8", "no order"),
        ("{ .a < true }", "1:6", "no order"), ("{ .a > nil }", "1:6", "nil"), ("{ 1 && .a }", "1:3", "true or false"),
        ("{ -name = `a` }", "1:4", "numbers"), ("{ !1 = 1 }", "1:4", "true or false"),
        ("{ 1 =~ `a` }", "1:3", "pattern"), ("{ .a =~ 2 }", "1:9", "pattern in quotes"),
        ("{ .a =~ .b }", "1:9", "pattern in quotes"), ("{ .a =~ \"x[\" }", "1:11", "class"),
        ("{ .a =~ \"\\\\d(\" }", "1:9", "closed"), ("{ .a = \"\\d\" }", "1:9", "escape"),
        ("{ .a = \"x }", "1:8", "never closed"), ("{ .a = \"\\xff\" }", "1:8", "UTF-8"),
        ("{ .\"a }", "1:4", "never closed"),
        ("{ .a = 9223372036854775808 }", "1:8", "too large"), ("{ .a = 1e999 }", "1:8", "too large"),
        ("{ .a = 1x }", "1:8", "number"), ("{ duration > 300000000h }", "1:14", "too long"),
        ("{ duration > 1h3 }", "1:14", "unit"), ("{ }\n&& {é = 1}", "2:5", "expected"), ("{ } }", "1:5", "expected"),
        ("{ } with (a)", "1:12", "expected `=`"), ("{ } | rate()", "1:7", "metrics queries are not answered"),
        ("{ } | quantile_over_time(duration, 0.9) by (name)", "1:7", "metrics queries are not answered"),
        ("{ } |", "1:6", "expected"), ("{ } |  | count() > 1", "1:8", "expected"), ("{ } & { }", "1:5", "expected"),
    ]

    @Test(arguments: refused)
    func `what is no query is refused with its place`(text: String, place: String, message: String) {
        let error = #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: text) }
        #expect(error?.description.hasPrefix("\(place): ") == true, "\(error?.description ?? "")")
        #expect(error?.message.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func `nothing within itself overflows the stack`() throws {
        for (open, close) in [("(", ")"), ("!", ""), ("-", ""), ("!(", ")")] {
            let deep = String(repeating: open, count: 20_000) + ".a" + String(repeating: close, count: 20_000)
            #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: "{ \(deep) }") }
        }
        let deep = String(repeating: "(", count: 60_000)
        #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: deep) }
        #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: deep + "{}") }
        #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: deep + "count()") }
        for sign in [" + ", " ^ ", " = "] {
            let long = Array(repeating: ".a", count: 10_000).joined(separator: sign)
            #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: "{ \(long) = 1 }") }
        }
        let related = Array(repeating: "{}", count: 10_000).joined(separator: ">")
        #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: related) }
        let mixed = Array(repeating: ".a && .b", count: 5_000).joined(separator: " || ")
        #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: "{ \(mixed) }") }
        var nested = "{ }"
        for _ in 0..<200 { nested = "({ } > \(nested) | count() > 1) > { }" }
        #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: nested) }
        #expect(throws: TraceQLError.self) { try TraceQLQuery(parsing: "{ }" + String(repeating: " ", count: 1 << 16)) }
    }

    @Test func `sixty levels and long lists of alternatives are read`() throws {
        let deep = String(repeating: "(", count: 60) + ".a" + String(repeating: ")", count: 60)
        #expect(try TraceQLQuery(parsing: "{ \(deep) }").description == "{ .a }")
        for sign in [" || ", " && "] {
            let list = (0..<4000).map { ".a = \($0)" }.joined(separator: sign)
            let query = try TraceQLQuery(parsing: "{ \(list) }")
            #expect(try TraceQLQuery(parsing: query.description) == query)
            let sets = (0..<3000).map { "{ .a = \($0) }" }.joined(separator: sign)
            #expect(try TraceQLQuery(parsing: sets).pipeline.stages.count == 1)
        }
    }
}
