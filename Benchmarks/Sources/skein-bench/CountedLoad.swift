import Foundation

/// Traces with little in them, posted as Zipkin's JSON over one connection.
protocol CountedLoad {
    var spanCount: Int { get }
    var postCount: Int { get }
    func write(post number: Int, into body: inout [UInt8])
}

extension CountedLoad {
    func post(to server: ServerProcess, _ stage: inout StageReport) throws {
        progress("posting \(spanCount) spans")
        let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { input.deallocate() }
        let socket = try Socket(to: try server.address(of: "zipkin"), isBlocking: true)
        var (request, body) = ([UInt8](), [UInt8]())
        let (begin, before) = (CPUClock.wall(), try server.cpuSeconds())
        for number in 0..<postCount {
            write(post: number, into: &body)
            BodyFraming.length.write(body, .zipkinJSON, into: &request)
            try socket.postUntilTaken(request, answers: input)
        }
        stage.add("posting", CPUClock.wall() - begin, "s")
        let cpu = try server.cpuSeconds() - before
        stage.add("server CPU while posting", cpu / Double(spanCount) * 1e6, "s/1M spans")
    }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Until every call is counted for good.
    func waitUntilCounted(_ server: ServerProcess) throws {
        progress("waiting until all is counted")
        let metrics = AdminMetrics(try server.address(of: "admin"))
        let begin = CPUClock.wall()
        while CPUClock.wall() - begin < 120 {
            if metrics.read()["traces_spanmetrics_calls_total"] == Double(spanCount) { return }
            usleep(500_000)
        }
        throw BenchError("not all is counted after 120 s")
    }

    private func progress(_ text: String) {
        FileHandle.standardError.write(Data("load: \(text)\n".utf8))
    }
}
