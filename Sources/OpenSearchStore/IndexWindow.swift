internal import HTTPClient
internal import WireFormats

/// The indices of one kind in which the documents of a window of time are, as a part of a path.
struct IndexWindow {
    let path: String

    /// With more names a path would be longer than a node takes.
    private static let nameCountMax = 60

    /// - Parameter window: nanoseconds since 1970.
    init(_ base: String, _ naming: IndexNaming, _ window: ClosedRange<Int64>) {
        let length: Int64? =
            switch naming.rotation {
            case .daily: 86_400_000_000_000
            case .hourly: 3_600_000_000_000
            case .rollover: nil
            }
        let first = max(window.lowerBound, 0)
        let last = max(window.upperBound, first)
        if let length, last / length - first / length >= Int64(Self.nameCountMax) {
            path = PercentEncoding.encode(naming.name(of: base)) + "-*"
        } else {
            let names = naming.readTargets(base, from: first, through: last)
            path = names.map { PercentEncoding.encode($0) }.joined(separator: ",")
        }
    }
}
