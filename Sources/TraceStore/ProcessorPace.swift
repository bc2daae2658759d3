internal import Glibc
internal import Threads

/// Keeps the calling thread's share of a processor within bounds, by sleeping.
struct ProcessorPace {
    private let share: Double
    private var lastClock = SystemClock.monotonicNanoseconds()
    private var lastProcessor = CurrentThread.processorNanoseconds()

    /// Longest sleep at once, in seconds: work that is told to stop is not held up.
    private static let sleepMax = 0.25

    /// - Parameter share: above 0; 1 and more is no bound.
    init(share: Double) { self.share = share }

    /// Sleeps as long as the work since the last call asks for.
    mutating func pause() {
        let clock = SystemClock.monotonicNanoseconds()
        let processor = CurrentThread.processorNanoseconds()
        let worked = Double(processor - lastProcessor) / 1e9
        let passed = Double(clock - lastClock) / 1e9
        if share < 1 {
            let rest = min(worked / share - passed, Self.sleepMax)
            if rest > 0 { usleep(UInt32(rest * 1e6)) }
        }
        lastClock = SystemClock.monotonicNanoseconds()
        lastProcessor = processor
    }
}
