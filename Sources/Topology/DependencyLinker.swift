public import TraceModel

/// Makes dependency links of spans, trace by trace, by Zipkin's rules, and sums them.
///
/// Memory: the spans of the largest trace, and the names and links.
public struct DependencyLinker: Sendable {
    private var names = CallNames()
    private var tree = CallTree()
    /// By caller (high half) and callee.
    private var sums: [UInt64: Sum] = [:]

    private struct Sum {
        var callCount = 0
        var errorCount = 0
    }

    public init() {}

    /// The number of a name, UTF-8; 0 for the empty one.
    public mutating func number(of name: UnsafeRawBufferPointer) -> UInt32 { names.number(of: name) }

    /// Counts the calls of whole traces. The spans may be in any order; equal ones count once.
    public mutating func add(_ spans: inout [CallSpan]) {
        var records = spans.map { span in
            var record = span.record
            record.site = self.names.number(of: span.site)
            return record
        }
        let names = names
        var tree = CallTree()
        var sums: [UInt64: Sum] = [:]
        swap(&tree, &self.tree)
        swap(&sums, &self.sums)
        names.sites.withUnsafeBufferPointer { sites in
            records.withUnsafeMutableBufferPointer { records in
                CallOrder(names: names, sites: sites).sort(records)
                var first = 0
                while first < records.count {
                    var end = first + 1
                    while end < records.count, records[end].traceIDLow == records[first].traceIDLow { end += 1 }
                    tree.build(UnsafeBufferPointer(rebasing: records[first..<end]), sites, names)
                    tree.forEachLink { parent, child, isError in
                        let pair = UInt64(parent) << 32 | UInt64(child)
                        sums[pair, default: Sum()].callCount += 1
                        sums[pair, default: Sum()].errorCount += isError ? 1 : 0
                    }
                    first = end
                }
            }
        }
        swap(&tree, &self.tree)
        swap(&sums, &self.sums)
    }

    /// All links so far, by parent, then child.
    public var links: [DependencyLink] {
        sums.map { pair, sum in
            DependencyLink(
                parent: names.text(UInt32(pair >> 32)), child: names.text(UInt32(truncatingIfNeeded: pair)),
                callCount: sum.callCount, errorCount: sum.errorCount)
        }.sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }
}

extension CallSpan {
    public init(
        traceIDLow: UInt64, spanID: UInt64, parentID: UInt64, serviceName: UInt32, remoteServiceName: UInt32 = 0,
        address: UInt32 = 0, kind: SpanKind, isShared: Bool = false, isError: Bool = false
    ) {
        var traits = CallTraits(kind)
        traits.isShared = isShared
        traits.isError = isError
        record = CallRecord(
            traceIDLow: traceIDLow, spanID: spanID, parentID: parentID, site: 0, address: address)
        site = CallSite(serviceName: serviceName, remoteServiceName: remoteServiceName, traits: traits)
    }

    public var traceIDLow: UInt64 { record.traceIDLow }

    public var remoteServiceName: UInt32 {
        get { site.remoteServiceName }
        set { site.remoteServiceName = newValue }
    }

    public var address: UInt32 {
        get { record.address }
        set { record.address = newValue }
    }
}
