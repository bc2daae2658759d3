import Foundation
import Workload

extension ServerRun {
    private static let idleSeconds = 15.0

    /// Whether traces are still there, whole: some random ones as they were sent, and all of them if asked.
    mutating func verify(_ workload: Workload, _ server: ServerProcess, isEveryTrace: Bool, when: String) throws {
        progress("comparing traces\(when)")
        let count = options.verifySample ?? plan.verifiedTraceCount
        let suite = QuerySuite(workload: workload, zipkin: try server.address(of: "zipkin"), jaeger: nil, count: count)
        let client = QueryClient(to: suite.zipkin)
        note(try suite.sampleTraces(client, when: when), when: when)
        if isEveryTrace { note(try suite.everyTrace(client), when: when) }
    }

    /// Stops the server in order, starts it again, and leaves it alone for a while.
    mutating func restart(_ server: ServerProcess) throws -> ServerProcess {
        progress("stopping and starting again")
        let end = try server.stop(SIGTERM)
        stage.add("stop (SIGTERM)", end.seconds, "s")
        if end.status != 0 { fail("the server ended with status \(end.status) on SIGTERM") }
        let next = try start()
        stage.add("start with data", next.startSeconds, "s")
        usleep(UInt32(Self.idleSeconds * 1e6))
        stage.add("memory idle after restart", try next.memory().now, "MiB")
        try verify(workload, next, isEveryTrace: options.verifyAll, when: " after a restart")
        return next
    }

    /// Posts another load, kills the server at once after the last answer, and looks for every trace.
    mutating func crash(_ server: ServerProcess) throws -> ServerProcess {
        progress("killing under load")
        var configuration = workload.configuration
        configuration.seed &+= 0x5EED
        configuration.spanCount = options.crashSpans
        configuration.lastStart += 1_000_000
        let more = Workload(configuration)
        let sender = LoadSender(to: try server.address(of: plan.format.listener), options.sending.plan(plan.format))
        let load = try sender.run(more.posts())
        _ = try server.stop(SIGKILL)
        if load.spansAccepted != more.spanCount {
            fail("\(load.spansAccepted) of \(more.spanCount) spans accepted before the kill")
        }
        let next = try start()
        stage.add("start after kill -9", next.startSeconds, "s")
        try verify(more, next, isEveryTrace: true, when: " after kill -9, spans posted just before")
        try verify(workload, next, isEveryTrace: options.verifyAll, when: " after kill -9")
        return next
    }
}
