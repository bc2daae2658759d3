import Ingestion
import NetworkServer
import NetworkTestSupport
import Testing
import WireFormats

/// What each receiver answers over gRPC, for each thing that can happen to a message.
@Suite struct CallAnswerTests {
    @Test(arguments: Bodies.calls) func `spans are accepted`(kind: CallKind) async throws {
        try await RunningReceivers.run { receivers in
            let outcome = try receivers.call(kind.method, kind.message)
            #expect(outcome.code == 0 && outcome.message == [])
            let packed = try HTTP2Client(port: receivers.port).call(
                kind.method, body: HTTP2Client.framed(gzip(kind.message), isPacked: true), [("grpc-encoding", "gzip")])
            #expect(packed.code == 0)
            #expect(receivers.sink.batches == [kind.spanCount, kind.spanCount])
            #expect(receivers.requests(kind.name, code: 0) == 2)
            #expect(receivers.spans(kind.name, "accepted") == 2 * kind.spanCount)
        }
    }

    @Test(arguments: Bodies.calls) func `a message that cannot be read is INVALID_ARGUMENT`(
        kind: CallKind
    ) async throws {
        try await RunningReceivers.run { receivers in
            let outcome = try receivers.call(kind.method, Array(kind.message.dropLast(3)))
            #expect(outcome.code == 3 && outcome.isTrailersOnly && outcome.rawMessage?.isEmpty == false)
            let cut = try HTTP2Client(port: receivers.port).call(kind.method, body: [0, 0, 0, 0, 9, 1])
            #expect(cut.code == 3)
            #expect(receivers.sink.batches.isEmpty && receivers.requests(kind.name, code: 3) == 2)
        }
    }

    @Test(arguments: Bodies.calls) func `too much is RESOURCE_EXHAUSTED`(kind: CallKind) async throws {
        var limits = HTTPServerLimits()
        limits.bodyByteCountMax = 5000
        try await RunningReceivers.run(limits: limits, spanLimits: SpanLimits(spanCountMax: 1)) { receivers in
            for message in [[UInt8](repeating: 0, count: 5001), kind.message] {
                let outcome = try receivers.call(kind.method, message)
                #expect(outcome.code == 8 && outcome.details == nil)
            }
            #expect(receivers.sink.batches.isEmpty && receivers.requests(kind.name, code: 8) == 2)
        }
        try await RunningReceivers.run(sink: .tooLarge("more than a trace can hold")) { receivers in
            let outcome = try receivers.call(kind.method, kind.message)
            #expect(outcome.code == 8 && outcome.rawMessage == "more than a trace can hold")
            #expect(receivers.spans(kind.name, "refused") == kind.spanCount)
        }
    }

    @Test(arguments: Bodies.calls) func `overload and a full disk are UNAVAILABLE with RetryInfo`(
        kind: CallKind
    ) async throws {
        func expectRefusal(_ outcome: CallOutcome) throws {
            #expect(outcome.code == 14 && outcome.isTrailersOnly)
            let status = try #require(outcome.details.flatMap { StatusMessage($0) })
            #expect(status.code == 14 && status.retryDelaySeconds == 1 && !status.message.isEmpty)
        }
        for sink in [SpanSinkOutcome.overloaded, .diskFull("the disk is full")] {
            try await RunningReceivers.run(sink: sink) { receivers in
                try expectRefusal(try receivers.call(kind.method, kind.message))
                #expect(receivers.requests(kind.name, code: 14) == 1)
                #expect(receivers.spans(kind.name, "refused") == kind.spanCount)
                #expect(receivers.spans(kind.name, "accepted") == 0)
            }
        }
        try await RunningReceivers.run(inFlightByteCountMax: 10) { receivers in
            try expectRefusal(try receivers.call(kind.method, kind.message))
            #expect(receivers.requests(kind.name, code: 14) == 1)
        }
    }

    @Test(arguments: Bodies.calls) func `what is not taken is UNIMPLEMENTED`(kind: CallKind) async throws {
        try await RunningReceivers.run { receivers in
            #expect(try receivers.call(kind.method + "Else", kind.message).code == 12)
            let packed = try HTTP2Client(port: receivers.port).call(
                kind.method, body: HTTP2Client.framed(kind.message, isPacked: true), [("grpc-encoding", "snappy")])
            #expect(packed.code == 12)
            #expect(receivers.sink.batches.isEmpty && receivers.requests(kind.name, code: 12) == 1)
        }
    }

    @Test(arguments: Bodies.calls) func `a message without spans is accepted`(kind: CallKind) async throws {
        try await RunningReceivers.run { receivers in
            let outcome = try receivers.call(kind.method, [])
            #expect(outcome.code == 0 && receivers.sink.batches.isEmpty)
        }
    }
}
