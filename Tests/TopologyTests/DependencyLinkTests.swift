import TestSupport
import Testing
import Topology
import TraceModel

@Suite struct DependencyLinkTests {
    // MARK: Calls

    @Test func `a call that both sides tell of counts once`() {
        #expect(CallTrace(.init(1, .client, "web"), .init(2, under: 1, .server, "app")).links == ["web>app 1"])
        #expect(
            CallTrace(.init(1, .client, "web"), .init(1, .server, "app", isShared: true)).links == ["web>app 1"])
    }

    @Test func `no spans make no links`() { #expect(CallTrace().links.isEmpty) }

    @Test func `a chain of calls links each with the next`() {
        let trace = CallTrace(
            .init(3, under: 2, .client, "app", to: "db", isError: true),
            .init(2, under: 1, .server, "app", to: "web", isShared: true),
            .init(2, under: 1, .client, "web", to: "app"), .init(1, .server, "web"))
        #expect(trace.links == ["app>db 1 (1 failed)", "web>app 1"])
    }

    @Test func `the kind says which way a lone span points`() {
        #expect(CallTrace(.init(1, .server, "server", to: "client")).links == ["client>server 1"])
        #expect(CallTrace(.init(1, .client, "client", to: "server", isShared: true)).links == ["client>server 1"])
    }

    @Test func `a lone span that names one side makes no link`() {
        for part in [
            CallTrace.Part(1, .server), .init(1, .server, "server"), .init(1, .server, to: "client"), .init(1, .client),
            .init(1, .client, "client"), .init(1, .client, to: "server"),
        ] {
            #expect(CallTrace(part).links.isEmpty)
        }
    }

    @Test func `the server's own name beats the one that the client gives it`() {
        let trace = CallTrace(.init(1, .client, "web", to: "cache"), .init(2, under: 1, .server, "app"))
        #expect(trace.links == ["web>app 1"])
    }

    @Test func `the client's own name beats the one that the server gives it`() {
        let trace = CallTrace(.init(1, .client, "web"), .init(2, under: 1, .server, "app", to: "proxy"))
        #expect(trace.links == ["web>app 1"])
    }

    @Test func `a client gives way to any child, even one inside of its process`() {
        let trace = CallTrace(.init(1, .client, "web", to: "app"), .init(2, under: 1, .local, "web"))
        #expect(trace.links.isEmpty)
    }

    @Test func `several servers under one client are several calls`() {
        let trace = CallTrace(
            .init(1, .client, "web", to: "app"), .init(2, under: 1, .server, "app", isError: true),
            .init(3, under: 1, .server, "app"))
        #expect(trace.links == ["web>app 2 (1 failed)"])
    }

    @Test func `a service that calls itself has a link to itself`() {
        #expect(CallTrace(.init(1, .server, "app", to: "app")).links == ["app>app 1"])
        #expect(CallTrace(.init(1, .client, "app"), .init(2, under: 1, .server, "app")).links == ["app>app 1"])
    }

    @Test func `a span without a kind counts as a client's if it names both sides`() {
        let trace = CallTrace(
            .init(1, .unspecified, "some", to: "web"),
            .init(2, under: 1, .unspecified, "web", to: "app", isError: true),
            .init(3, under: 2, .unspecified, "app", to: "db"), .init(4, under: 3, .unspecified, "db"),
            .init(5, under: 3, .unspecified, to: "db"))
        #expect(trace.links == ["app>db 1", "some>web 1", "web>app 1 (1 failed)"])
        #expect(CallTrace(.init(1, .local, "app", to: "db")).links == ["app>db 1"])
    }

    @Test func `work inside of a process may stand between the two sides`() {
        let trace = CallTrace(
            .init(1, .server, "web"), .init(2, under: 1, .local, "web"), .init(3, under: 2, .client, to: "db"))
        #expect(trace.links == ["web>db 1"])
    }

    // MARK: Clients that nobody is known to call

    @Test func `a client below another service tells of a call to itself`() {
        let trace = CallTrace(.init(1, .server, "web"), .init(2, under: 1, .client, "app"))
        #expect(trace.links == ["web>app 1"])
    }

    @Test func `of the call that is only guessed no error is known`() {
        let trace = CallTrace(
            .init(1, .server, "foo"), .init(2, under: 1), .init(3, under: 2, .client, "bar", to: "baz", isError: true),
            .init(4, under: 2, .client, "bar", to: "baz"))
        #expect(trace.links == ["bar>baz 2 (1 failed)", "foo>bar 2"])
    }

    // MARK: Messages

    @Test func `producers and consumers link only to a broker that they name`() {
        func links(_ sent: String, _ received: String) -> [String] {
            CallTrace(
                .init(1, .producer, "shop", to: sent), .init(2, under: 1, .consumer, "mail", to: received)
            ).links
        }
        #expect(links("", "") == [])
        #expect(links("kafka", "") == ["shop>kafka 1"])
        #expect(links("", "kafka") == ["kafka>mail 1"])
        #expect(links("kafka", "kafka") == ["kafka>mail 1", "shop>kafka 1"])
        #expect(links("one", "two") == ["shop>one 1", "two>mail 1"])
    }

    @Test func `a producer with children keeps its link to the broker`() {
        let trace = CallTrace(
            .init(1, .producer, "shop", to: "kafka", isError: true), .init(2, under: 1, .consumer, "mail"))
        #expect(trace.links == ["shop>kafka 1 (1 failed)"])
    }

    @Test func `a server that answers a producer was called by it`() {
        #expect(CallTrace(.init(1, .producer, "shop"), .init(2, under: 1, .server, "mail")).links == ["shop>mail 1"])
        let sharing = CallTrace(.init(1, .producer, "shop"), .init(1, .server, "mail", isShared: true))
        #expect(sharing.links == ["shop>mail 1"])
    }

    @Test func `a client that a consumer follows makes no link`() {
        #expect(CallTrace(.init(1, .client, "shop"), .init(2, under: 1, .consumer, "mail")).links == [])
    }

    // MARK: Errors

    @Test func `a client's error counts where the server has a span of its own`() {
        let trace = CallTrace(.init(1, .client, "web", isError: true), .init(2, under: 1, .server, "app"))
        #expect(trace.links == ["web>app 1 (1 failed)"])
    }

    @Test func `a client's error does not count where the server shares its span`() {
        let trace = CallTrace(.init(1, .client, "web", isError: true), .init(1, .server, "app", isShared: true))
        #expect(trace.links == ["web>app 1"])
        let both = CallTrace(
            .init(1, .client, "web", isError: true), .init(1, .server, "app", isShared: true, isError: true))
        #expect(both.links == ["web>app 1 (1 failed)"])
    }

    @Test func `a client's error does not pass through work inside of a process`() {
        let trace = CallTrace(
            .init(1, .client, "web", isError: true), .init(2, under: 1, .local, "web"),
            .init(3, under: 2, .server, "app"))
        #expect(trace.links == ["web>app 1"])
    }

    // MARK: Shared IDs

    @Test func `a server that does not say that it shares its client's ID does so`() {
        #expect(CallTrace(.init(1, .client, "web"), .init(1, .server, "app")).links == ["web>app 1"])
    }

    @Test func `a sharing server need not know its parent`() {
        let trace = CallTrace(
            .init(2, .server, "link", to: "arn", isShared: true), .init(2, under: 1, .client, "arn", to: "link"),
            .init(1, .server, "arn"))
        #expect(trace.links == ["arn>link 1"])
        let orphan = CallTrace(
            .init(3, under: 2, .client, "app", to: "db"), .init(2, .server, "app", to: "web", isShared: true),
            .init(1, .server, "web"))
        #expect(orphan.links == ["app>db 1", "web>app 1"])
    }

    @Test func `what stands below a shared ID belongs to the side that it names`() {
        let trace = CallTrace(
            .init(1, .client, "web"), .init(1, .server, "app", isShared: true),
            .init(2, under: 1, .client, "app", to: "db"))
        #expect(trace.links == ["app>db 1", "web>app 1"])
    }

    @Test func `servers at different places that share one ID are several calls`() {
        let trace = CallTrace(
            .init(1, .client, "web"), .init(1, .server, "app", at: 1, isShared: true),
            .init(1, .server, "app", at: 2, isShared: true), .init(1, .server, "new", isShared: true))
        #expect(trace.links == ["web>app 2", "web>new 1"])
    }

    // MARK: Parts of spans and of traces

    @Test func `parts of one span make one`() {
        let trace = CallTrace(
            .init(1, .client, "web"), .init(1, .unspecified, "web", to: "app"), .init(1, isError: true),
            .init(1, .client, "web"))
        #expect(trace.links == ["web>app 1 (1 failed)"])
    }

    @Test func `links do not need a root`() {
        let trace = CallTrace(.init(2, under: 1, .server, "one"), .init(3, under: 2, .server, "two"))
        #expect(trace.links == ["one>two 1"])
    }

    @Test func `spans that only miss the same parent are not linked`() {
        let trace = CallTrace(.init(2, under: 1, .server, "one"), .init(3, under: 1, .server, "two"))
        #expect(trace.links == [])
    }

    @Test func `a span whose parent is missing stands below the root`() {
        let trace = CallTrace(.init(1, .server, "web"), .init(3, under: 2, .server, "app"))
        #expect(trace.links == ["web>app 1"])
        #expect(CallTrace(.init(1, .server, "web"), .init(3, .server, "app")).links == ["web>app 1"])
    }

    @Test func `a span that is its own parent has none`() {
        #expect(CallTrace(.init(1, under: 1, .server, "app", to: "web")).links == ["web>app 1"])
    }

    @Test func `spans that go round in a circle make no links`() {
        let trace = CallTrace(
            .init(1, .server, "web"), .init(2, under: 3, .server, "a"), .init(3, under: 2, .server, "b"),
            .init(4, under: 3, .server, "c"), .init(5, under: 1, .server, "d"))
        #expect(trace.links == ["web>d 1"])
    }

    // MARK: Sums

    @Test func `links of several traces are summed, by parent and child`() {
        var count = CallCount()
        let trace = CallTrace(.init(1, .client, "web"), .init(2, under: 1, .server, "app"))
        count.add(trace.records(&count.names, traceID: 1) + trace.records(&count.names, traceID: 2))
        count.add(CallTrace(.init(1, .client, "app", to: "db")).records(&count.names))
        #expect(count.links == ["app>db 1", "web>app 2"])
    }

    // MARK: Anything

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `the order of spans does not matter, nor do equal ones`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let trace = CallTrace.random(&random, count: .random(in: 1...40, using: &random))
            let expected = trace.links
            let again = CallTrace((trace.parts + trace.parts.prefix(5)).shuffled(using: &random))
            #expect(again.links == expected, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `links are those of a tree made of plain tables`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let trace = CallTrace.random(&random, count: .random(in: 1...12, using: &random)).withOneSpanPerID()
            #expect(trace.links == PlainLinker.links(trace.parts), "seed \(seed), round \(round)")
        }
    }

    @Test func `deep and wide traces take no more than their size`() {
        let count: UInt64 = 200_000
        let deep = CallTrace((1...count).map { .init($0, under: $0 - 1, $0 == 1 ? .server : .local, "a") })
        #expect(deep.links == [])
        let wide = CallTrace((1...count).map { .init($0, under: 1, .server, "a", to: $0 == 1 ? "b" : "") })
        #expect(wide.links == ["a>a \(count - 1)", "b>a 1"])
        let twins = CallTrace(
            (1...count).map { .init(1, under: 2, .server, "a", at: UInt32($0), isShared: true) } + [
                .init(1, .client, "b")
            ])
        #expect(twins.links == ["b>a \(count)"])
        let circle = CallTrace((1...count).map { .init($0, under: $0 % count + 1, .server, "a") })
        #expect(circle.links == [])
    }
}
