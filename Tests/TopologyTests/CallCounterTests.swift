import TestSupport
import Testing
import Topology
import TraceModel

@Suite struct CallCounterTests {
    // MARK: One hop

    @Test func `a hop counts once, where the server is, with both views of its duration`() {
        let trace = CallTrace(
            .init(1, .server, "web", version: "v1", operation: "GET /", start: 60, duration: 30),
            .init(2, under: 1, .client, "web", version: "v1", operation: "out", start: 61, duration: 20),
            .init(
                3, under: 2, .server, "app", isError: true, version: "v2", operation: "GET /a", start: 119, duration: 10
            )
        )
        #expect(trace.count.calls == ["rpc web@v1:GET />app@v2:GET /a 1 (1 failed)"])
        #expect(
            trace.count.everything.filter { $0.contains("rpc") } == [
                "60 rpc web@v1:GET />app@v2:GET /a 1 (1 failed) client 1/20 ms server 1/10 ms"
            ])
    }

    @Test func `a call counts in the minute in which the server's span starts`() {
        let trace = CallTrace(
            .init(1, .client, "web", start: 119), .init(2, under: 1, .server, "app", start: 120),
            .init(3, under: 2, .client, "app", to: "db", start: 181))
        #expect(
            trace.count.everything == [
                "120 operation server app 1", "120 rpc web>app 1", "180 oneSided app>db 1",
                "180 operation client app 1", "60 link app>db 1", "60 link web>app 1", "60 operation client web 1",
                "60 unjoined web>app 1 [0000000000000007]",
            ])
    }

    @Test func `what has no time counts in the minute of its trace, and a trace without any does not`() {
        let trace = CallTrace(
            .init(1, .server, "web", start: nil), .init(2, under: 1, .client, "web", start: nil),
            .init(3, under: 2, .server, "app", start: 125))
        #expect(
            trace.count.everything == [
                "120 link web>app 1", "120 operation client web 1", "120 operation server app 1",
                "120 operation server web 1", "120 rpc web>app 1",
            ])
        #expect(CallTrace(.init(1, .client, "web", to: "app", start: nil)).count.everything == [])
    }

    @Test func `times before 1970 and at the ends of time have their minutes`() {
        var count = CallCount()
        let part = CallTrace.Part(1, .server, "web")
        for (id, start) in [-1, Int64.min + 1, Int64.max].enumerated() {
            var record = part.record(&count.names, traceID: UInt64(id))
            record.start = start
            count.add([record])
        }
        let minute: Int64 = 60_000_000_000
        #expect(Set(count.counter.buckets.keys) == [-minute, Int64.min + 1, Int64.max / minute * minute])
    }

    @Test func `a server below another service was called by it, whatever its parent's kind`() {
        for kind in [SpanKind.local, .unspecified, .server, .consumer] {
            let trace = CallTrace(.init(1, kind, "web"), .init(2, under: 1, .server, "app"))
            #expect(trace.count.calls == ["rpc web>app 1"])
        }
    }

    @Test func `a service that calls itself does so through a client`() {
        #expect(CallTrace(.init(1, .client, "a"), .init(2, under: 1, .server, "a")).count.calls == ["rpc a>a 1"])
        #expect(CallTrace(.init(1, .server, "a"), .init(2, under: 1, .server, "a")).count.calls == [])
        #expect(CallTrace(.init(1, .local, "a"), .init(2, under: 1, .server, "a")).count.calls == [])
    }

    @Test func `a server that shares its client's ID was called by that`() {
        let trace = CallTrace(
            .init(2, under: 1, .client, "web", duration: 9), .init(2, under: 1, .server, "app", isShared: true),
            .init(1, .server, "web", operation: "in"), .init(3, under: 2, .client, "app", to: "db"))
        #expect(trace.count.calls == ["oneSided app>db 1", "rpc web:in>app 1"])
    }

    @Test func `a server whose client's half never came was called by the span above that`() {
        let trace = CallTrace(.init(1, .server, "web"), .init(2, under: 1, .server, "app", isShared: true))
        #expect(trace.count.calls == ["rpc web>app 1"])
        #expect(trace.count.lines(.orphan) == [])
        let below = CallTrace(.init(2, .server, "web", isShared: true), .init(3, under: 2, .server, "app"))
        #expect(below.count.calls == ["rpc web>app 1"])
    }

    @Test func `a server without a parent was called by whom it names`() {
        #expect(CallTrace(.init(1, .server, "app", to: "web")).count.calls == ["rpc web>app 1"])
        #expect(CallTrace(.init(2, under: 1, .server, "app", to: "web")).count.calls == ["rpc web>app 1"])
        #expect(CallTrace(.init(1, .server, "app")).count.calls == [])
    }

    @Test func `an application below its sidecar was not called once more`() {
        let trace = CallTrace(
            .init(1, .client, "web.shop"), .init(2, under: 1, .server, "app.shop", operation: "proxy"),
            .init(3, under: 2, .server, "app", operation: "handle"), .init(4, under: 3, .client, "app"),
            .init(5, under: 4, .client, "app.shop"), .init(6, under: 5, .server, "db.shop"))
        #expect(trace.count.calls == ["rpc app.shop:handle>db.shop 1", "rpc web.shop>app.shop:proxy 1"])
        let other = CallTrace(
            .init(1, .server, "app.shop"),
            CallTrace.Part(2, under: 1, .server, "app").with { $0.namespace = "mail" })
        #expect(other.count.calls == ["rpc app.shop>app/mail 1"])
    }

    @Test func `the caller's operation is the one that it was serving`() {
        let trace = CallTrace(
            .init(1, .server, "web", operation: "in"), .init(2, under: 1, .local, "web", operation: "work"),
            .init(3, under: 2, .client, "web", operation: "out"), .init(4, under: 3, .server, "app", operation: "in"),
            .init(5, .client, "cron", operation: "tick"), .init(6, under: 5, .server, "app", operation: "in"))
        #expect(trace.count.calls == ["rpc cron>app:in 1", "rpc web:in>app:in 1"])
    }

    // MARK: Retries, mirrors

    @Test func `of the servers of one client the first counts, the others are retries`() {
        let trace = CallTrace(
            .init(1, .client, "web", duration: 50),
            .init(4, under: 1, .server, "app", isError: true, start: 60, duration: 5),
            .init(3, under: 1, .server, "app", start: 62), .init(2, under: 1, .server, "app", isError: true, start: 61))
        #expect(trace.count.calls == ["retried web>app 2 (1 failed)", "rpc web>app 1 (1 failed)"])
        #expect(
            trace.count.everything.filter { $0.contains("app") && $0.contains("ms") } == [
                "60 operation server app 3 (2 failed) client 1/5 ms",
                "60 rpc web>app 1 (1 failed) client 1/50 ms server 1/5 ms",
            ])
        let same = CallTrace(
            .init(1, .client, "web"), .init(3, under: 1, .server, "app", version: "late"),
            .init(2, under: 1, .server, "app", version: "first"), .init(4, under: 1, .server, "app", start: nil))
        #expect(same.count.calls == ["retried web>app 1", "retried web>app@late 1", "rpc web>app@first 1"])
    }

    @Test func `everything below a proxy's copy of a request is mirrored`() {
        let trace = CallTrace(
            .init(1, .client, "web", version: "v1"), .init(2, under: 1, .server, "app", version: "v1"),
            CallTrace.Part(3, under: 1, .client, "web", operation: "mirror", duration: 8).with { $0.isMirror = true },
            .init(4, under: 3, .server, "app", isError: true, version: "v2"),
            .init(5, under: 4, .client, "app", version: "v2"), .init(6, under: 5, .server, "db", duration: 3),
            CallTrace.Part(7, under: 4, .client, "app", version: "v2").with { $0.target = "cache" })
        #expect(
            trace.count.calls == [
                "mirrored app@v2>cache 1", "mirrored app@v2>db 1", "mirrored web>app@v2 1 (1 failed)",
                "rpc web@v1>app@v1 1",
            ])
        #expect(
            trace.count.lines(.operation) == [
                "operation client mirrored app@v2 2", "operation client mirrored web:mirror 1",
                "operation client web@v1 1", "operation server app@v1 1",
                "operation server mirrored app@v2 1 (1 failed)", "operation server mirrored db 1",
            ])
    }

    @Test func `a client whose request was only mirrored tells of the call itself`() {
        let trace = CallTrace(
            CallTrace.Part(1, .client, "web").with { ($0.target, $0.targetVersion) = ("app", "v1") },
            CallTrace.Part(2, under: 1, .client, "web").with { $0.isMirror = true },
            .init(3, under: 2, .server, "app", version: "v2"))
        #expect(trace.count.calls == ["mirrored web>app@v2 1", "oneSided web>app@v1 1"])
    }

    // MARK: One side only

    @Test func `a client alone tells of the call, with what it knows of the other side`() {
        func calls(_ kind: SpanKind, _ change: (inout CallTrace.Part) -> Void) -> [String] {
            CallTrace(CallTrace.Part(1, kind, "web", to: "remote", isError: true).with(change)).count.calls
        }
        #expect(calls(.client) { _ in } == ["oneSided web>remote 1 (1 failed)"])
        #expect(
            calls(.client) { ($0.target, $0.targetVersion) = ("app", "v2") } == ["oneSided web>app@v2 1 (1 failed)"])
        #expect(calls(.client) { $0.isDatabase = true } == ["database web>remote 1 (1 failed)"])
        #expect(calls(.client) { $0.isMessaging = true } == ["messaging web>remote 1 (1 failed)"])
        #expect(calls(.producer) { _ in } == ["messaging web>remote 1 (1 failed)"])
        #expect(calls(.client) { $0.remote = "" } == [])
        #expect(calls(.local) { _ in } == [])
    }

    @Test func `of clients within each other the innermost tells of the call`() {
        let trace = CallTrace(
            .init(1, .client, "web", to: "app"), .init(2, under: 1, .client, "web.shop", to: "app"),
            .init(3, under: 2, .local, "web.shop"))
        #expect(trace.count.calls == ["oneSided web.shop>app 1"])
    }

    // MARK: Messages

    @Test func `consumers were sent something by the producer above`() {
        let trace = CallTrace(
            .init(1, .producer, "shop", to: "kafka", duration: 2),
            .init(2, under: 1, .consumer, "mail", operation: "take"),
            .init(3, under: 1, .consumer, "stock", isError: true))
        #expect(trace.count.calls == ["messaging shop>mail:take 1", "messaging shop>stock 1 (1 failed)"])
        #expect(CallTrace(.init(1, .consumer, "mail", to: "kafka")).count.calls == ["messaging kafka>mail 1"])
        #expect(CallTrace(.init(1, .producer, "a"), .init(2, under: 1, .server, "b")).count.calls == ["rpc a>b 1"])
    }

    // MARK: Where traces fall apart

    @Test func `spans whose parents never came are told by the service called, with traces that show it`() {
        var count = CallCount()
        for id in [9, 3, 5, 1, 7] as [UInt64] {
            let trace = CallTrace(.init(2, under: 1, .server, "app", version: "v1"), .init(3, under: 2, .client, "app"))
            count.add(trace.records(&count.names, traceID: id, traceIDHigh: 1))
        }
        #expect(count.lines(.orphan) == ["orphan app@v1 5"])
        let examples = count.series.first { $0.key.kind == .orphan }?.value.examples
        #expect(examples == [1, 3, 5].map { TraceID(high: 1, low: $0) })
    }

    @Test func `calls that begin traces are told with whom they call`() {
        let answered = CallTrace(
            .init(1, .client, "web", version: "v1"), .init(2, under: 1, .server, "app", version: "v2"))
        #expect(answered.count.lines(.unjoined, .lonely) == ["unjoined web@v1>app@v2 1"])
        let through = CallTrace(
            .init(1, .client, "web"), .init(2, under: 1, .client, "web.shop"), .init(3, under: 2, .server, "app.shop"))
        #expect(through.count.lines(.unjoined) == ["unjoined web>app.shop 1"])
        let alone = CallTrace(CallTrace.Part(1, .producer, "web").with { $0.target = "kafka" })
        #expect(alone.count.lines(.unjoined) == ["unjoined web>kafka 1"])
    }

    @Test func `traces with spans of one service only are told`() {
        let trace = CallTrace(.init(1, .server, "web", version: "v1"), .init(2, under: 1, .client, "web"))
        #expect(trace.count.lines(.lonely) == ["lonely web@v1 1"])
        #expect(CallTrace(.init(1, .local, "web")).count.lines(.lonely) == [])
        #expect(CallTrace(.init(1, .server, "web"), .init(2, under: 1, .local, "app")).count.lines(.lonely) == [])
    }

    @Test func `spans in a circle are counted as below nothing`() {
        let trace = CallTrace(
            .init(1, under: 2, .server, "a"), .init(2, under: 1, .client, "b"), .init(3, under: 2, .server, "c"))
        #expect(trace.count.calls == ["rpc b>c 1"])
        #expect(trace.count.lines(.orphan) == [])
        #expect(trace.count.lines(.operation).count == 3)
    }

    // MARK: Anything

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `neither order nor repetition changes anything`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let trace = CallTrace.random(&random, count: .random(in: 1...40, using: &random))
            let again = CallTrace((trace.parts + trace.parts.prefix(5)).shuffled(using: &random))
            #expect(again.count.everything == trace.count.everything, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `many traces together give what each gives alone`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (together, alone) = (CallCount(), CallCount())
        var records: [CallRecord] = []
        for traceID in 1...300 as ClosedRange<UInt64> {
            let trace = CallTrace.random(&random, count: .random(in: 1...30, using: &random))
            alone.add(trace.records(&alone.names, traceID: traceID))
            records += trace.records(&together.names, traceID: traceID)
        }
        together.add(records.shuffled(using: &random))
        #expect(together.everything == alone.everything, "seed \(seed)")
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `calls are those that plain tables give`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let trace = CallTrace.random(&random, count: .random(in: 1...14, using: &random)).withOneSpanPerID()
            let count = trace.count
            let calls = count.lines(
                .rpc, .messaging, .database, .mirrored, .retried, .oneSided, .operation, .orphan, .unjoined, .lonely)
            #expect(calls == PlainMesh.lines(trace.parts), "seed \(seed), round \(round)")
        }
    }

    @Test func `deep and wide traces take no more than their size`() {
        let count: UInt64 = 100_000
        func part(_ id: UInt64, under parent: UInt64) -> CallTrace.Part {
            .init(id, under: parent, id % 2 == 0 ? .client : .server, "s\((id + 1) / 2 % 3)")
        }
        let deep = CallTrace((1...count).map { part($0, under: $0 - 1) }).count
        #expect(deep.calls.count == 3)
        #expect(deep.lines(.operation).count == 6)
        let wide = CallTrace([part(2, under: 0)] + (3...count).map { .init($0, under: 2, .server, "a") }).count
        #expect(wide.calls == ["retried s1>a \(count - 3)", "rpc s1>a 1"])
        let clients = CallTrace((1...count).map { .init($0, under: $0 - 1, .client, "a", to: "b") }).count
        #expect(clients.calls == ["oneSided a>b 1"])
        let circle = CallTrace((1...count).map { part($0, under: $0 % count + 1) }).count
        #expect(circle.calls == [])
    }
}
