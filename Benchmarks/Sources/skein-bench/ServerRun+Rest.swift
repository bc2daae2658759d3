import Foundation

/// What tells from outside that a server still works on its data.
struct RestSample: Equatable {
    var folder: DataFolder
    /// nil if the server does not tell.
    var segmentCount: Double?
    var compactionCount: Double?
}

extension ServerRun {
    /// Settled by then, whatever the server does.
    private static let settleSecondsMax = 30.0
    /// What a server that has nothing to do may use of a processor.
    private static let quietCPUShare = 0.02

    /// Waits until the server has settled, and on until its compaction is done, and keeps what that took.
    ///
    /// Settled is quiet for long enough, or 30 s after the last span; done is quiet for long enough. Where nothing goes
    /// on in the background both are the same moment.
    mutating func rest(_ server: ServerProcess, cpuBefore: Double, millions: Double) throws {
        progress("settling")
        let metrics = adminMetrics(server)
        let begin = CPUClock.wall()
        var quietSince = begin
        var quietCPU = try server.cpuSeconds()
        var settled: (seconds: Double, cpu: Double, memory: Double)?
        var seen = sample(metrics)
        let secondsMax = plan.waitsForCompaction ? options.compactionSeconds : 0
        var isDone = false
        while !isDone {
            usleep(500_000)
            let (cpu, now) = (try server.cpuSeconds(), sample(metrics))
            let wall = CPUClock.wall()
            if now != seen || cpu - quietCPU > Self.quietCPUShare * options.quietSeconds {
                (quietSince, quietCPU, seen) = (wall, cpu, now)
            }
            let isQuiet = wall - quietSince >= options.quietSeconds
            if settled == nil, isQuiet || wall - begin >= max(Self.settleSecondsMax, options.quietSeconds) {
                settled = (wall - begin, cpu, try server.memory().now)
                stage.settled = isQuiet ? "quiet for \(options.quietSeconds) s" : "\(Int(wall - begin)) s were over"
                if !isQuiet && plan.waitsForCompaction { progress("waiting for the end of compaction") }
            }
            isDone = settled != nil && (isQuiet || wall - begin >= secondsMax)
            if isDone && !isQuiet && plan.waitsForCompaction {
                report.notes.append(
                    "still at work \(Int(wall - begin)) s after the last of \(stage.spanCount) spans: "
                        + "sizes and answers are of a store that is not at rest")
            }
        }
        guard let settled else { return }
        let cpu = try server.cpuSeconds()
        stage.add("settled after", settled.seconds, "s")
        stage.add("server CPU until settled", (settled.cpu - cpuBefore) / millions, "s/1M spans")
        stage.add("compaction done after", CPUClock.wall() - begin, "s")
        stage.add("compaction CPU, settled until done", (cpu - settled.cpu) / millions, "s/1M spans")
        stage.add("server CPU until compaction done", (cpu - cpuBefore) / millions, "s/1M spans")
        if let count = seen.segmentCount { stage.add("segments", count, "") }
        if let count = seen.compactionCount { stage.add("compactions since the start", count, "") }
        stage.add("peak memory", try server.memory().peak, "MiB")
        stage.add("memory when settled", settled.memory, "MiB")
        addSizes()
        report.notes.append("\(stage.spanCount) spans: taken as settled, \(stage.settled)")
    }

    private func sample(_ metrics: AdminMetrics?) -> RestSample {
        let values = metrics?.read() ?? [:]
        return RestSample(
            folder: DataFolder(path: data), segmentCount: values["skein_store_segments"],
            compactionCount: values["skein_store_compactions_total"])
    }

    private mutating func addSizes() {
        let (size, spans) = (DataFolder(path: data), Double(stage.spanCount))
        stage.add("data folder, allocated", Double(size.total.allocatedByteCount) / spans, "B/span")
        stage.add("data folder, lengths", Double(size.total.byteCount) / spans, "B/span")
        for (part, value) in size.parts.sorted(by: { $0.key < $1.key }) {
            stage.add("data folder, \(part)", Double(value.allocatedByteCount) / spans, "B/span")
        }
        stage.folders = size.parts
    }
}
