internal import Bytes
internal import TraceModel

/// Calls between services within some time, as Jaeger keeps them: the readers add up the documents of a window.
///
/// The number of calls with errors stands beside what Jaeger reads.
public struct JaegerDependencyDocument: Sendable, Equatable {
    static let base = "jaeger-dependencies"

    public struct Link: Sendable, Equatable {
        public var parent: String
        public var child: String
        public var callCount: Int64
        public var errorCount: Int64

        public init(parent: String, child: String, callCount: Int64, errorCount: Int64) {
            self.parent = parent
            self.child = child
            self.callCount = callCount
            self.errorCount = errorCount
        }
    }

    /// Nanoseconds since 1970.
    public var time: Int64
    public var links: [Link]

    /// - Parameter time: nanoseconds since 1970; earlier ones count as that.
    public init(time: Int64, links: [Link]) {
        self.time = max(time, 0)
        self.links = links
    }

    /// Adds the document, its links in the order of their names.
    /// - Parameter id: the same for whatever is to replace it.
    public func append(id: String, _ naming: IndexNaming, to body: inout BulkBody) {
        var document = DocumentWriter()
        document.write("{\"timestamp\":\"")
        document.writeTime(time)
        document.write("\",\"dependencies\":")
        let mark = document.count
        for link in links.sorted(by: { ($0.parent, $0.child) < ($1.parent, $1.child) }) {
            document.write(",{\"parent\":")
            document.writeString(link.parent)
            document.write(",\"child\":")
            document.writeString(link.child)
            document.write(",\"callCount\":")
            document.writeDecimal(link.callCount)
            document.write(",\"errorCount\":")
            document.writeDecimal(link.errorCount)
            document.write("}")
        }
        document.endElements(from: mark, UInt8(ascii: "["), UInt8(ascii: "]"))
        document.write("}")
        body.append(index: naming.writeTarget(Self.base, at: time), id: id, source: document.bytes)
    }
}
