import Foundation

/// What one tenth of a load was like.
struct LoadTenth: Codable, Equatable {
    var spanCount = 0
    var seconds = 0.0
    var serverCPUSeconds = 0.0
    /// Resident memory of the server, looked at every second and at the end of the tenth, MiB.
    var memoryP50 = 0.0
    var memoryMax = 0.0

    var spansPerSecond: Double { seconds > 0 ? Double(spanCount) / seconds : 0 }
    var cpuSecondsPerMillionSpans: Double { spanCount > 0 ? serverCPUSeconds / Double(spanCount) * 1e6 : 0 }
}

/// Looks at a server while it is loaded, so that a change in the course of a long load shows.
final class LoadMonitor {
    /// Of the server: seconds of processor time so far, resident memory in MiB.
    typealias Sample = (cpuSeconds: Double, memory: Double)

    private(set) var tenths: [LoadTenth] = []
    private let spanCount: Int
    private let sample: () throws -> Sample
    /// Told every five seconds how far the load is.
    private let progress: (_ spansAccepted: Int, _ spansPerSecond: Double, _ memory: Double) -> Void

    private var memories: [Double] = []
    private var begin: (now: Double, spansAccepted: Int, cpuSeconds: Double)?
    private var nextSample = 0.0
    private var lastProgress = (now: 0.0, spansAccepted: 0)

    private static let sampleSeconds = 1.0
    private static let progressSeconds = 5.0
    private static let partCount = 10

    init(
        spanCount: Int, sample: @escaping () throws -> Sample,
        progress: @escaping (_ spansAccepted: Int, _ spansPerSecond: Double, _ memory: Double) -> Void
    ) {
        self.spanCount = spanCount
        self.sample = sample
        self.progress = progress
    }

    /// Called as often as may be: does nothing unless it is time. `now` is in seconds.
    func observe(now: Double, spansAccepted: Int) throws {
        guard let begin else {
            let first = try sample()
            begin = (now, spansAccepted, first.cpuSeconds)
            memories = [first.memory]
            nextSample = now + Self.sampleSeconds
            lastProgress = (now, spansAccepted)
            return
        }
        let isPartDone =
            tenths.count < Self.partCount - 1
            && spansAccepted >= spanCount * (tenths.count + 1) / Self.partCount
        guard isPartDone || now >= nextSample else { return }
        let seen = try sample()
        memories.append(seen.memory)
        if now >= nextSample { nextSample = now + Self.sampleSeconds }
        if isPartDone { close(begin, now: now, spansAccepted: spansAccepted, seen) }
        let passed = now - lastProgress.now
        if passed >= Self.progressSeconds {
            progress(spansAccepted, Double(spansAccepted - lastProgress.spansAccepted) / passed, seen.memory)
            lastProgress = (now, spansAccepted)
        }
    }

    /// The load is over.
    func finish(now: Double, spansAccepted: Int) throws {
        guard let begin else { return }
        let seen = try sample()
        memories.append(seen.memory)
        close(begin, now: now, spansAccepted: spansAccepted, seen)
    }

    private func close(
        _ begin: (now: Double, spansAccepted: Int, cpuSeconds: Double), now: Double, spansAccepted: Int, _ seen: Sample
    ) {
        memories.sort()
        tenths.append(
            LoadTenth(
                spanCount: spansAccepted - begin.spansAccepted, seconds: now - begin.now,
                serverCPUSeconds: seen.cpuSeconds - begin.cpuSeconds, memoryP50: Quantile.of(memories, 0.5),
                memoryMax: memories.last ?? 0))
        memories.removeAll(keepingCapacity: true)
        self.begin = (now, spansAccepted, seen.cpuSeconds)
    }
}
