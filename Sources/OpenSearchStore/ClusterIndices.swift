internal import Threads
internal import TraceModel
internal import WireFormats

/// Which indices hold what, by time.
struct ClusterIndices: Sendable {
    let naming: IndexNaming
    /// Nanoseconds that spans are sought back for where no window is given.
    let spanAgeMax: Int64

    /// Nanoseconds that the spans of one trace may be apart, and clocks.
    static let traceLengthMax: Int64 = 86_400_000_000_000

    func spans(_ window: ClosedRange<Int64>) -> IndexWindow { IndexWindow("jaeger-span", naming, window) }

    /// In which the spans of traces are that have some within the window.
    func wholeTraces(_ window: ClosedRange<Int64>) -> IndexWindow {
        let first = window.lowerBound.subtractingClamped(Self.traceLengthMax)
        return spans(first...window.upperBound.addingClamped(Self.traceLengthMax))
    }

    func services(_ window: ClosedRange<Int64>) -> IndexWindow { IndexWindow("jaeger-service", naming, window) }

    func dependencies(_ window: ClosedRange<Int64>) -> IndexWindow {
        IndexWindow("jaeger-dependencies", naming, window)
    }

    /// The time in which there are spans that anyone may ask for.
    var wholeWindow: ClosedRange<Int64> {
        let now = SystemClock.nanosecondsSince1970()
        return now.subtractingClamped(spanAgeMax)...now.addingClamped(Self.traceLengthMax)
    }
}
