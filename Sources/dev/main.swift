import Foundation
import SegmentStore
import TraceModel
import WireFormats
import Compression


func cpu() -> Double { var r = rusage(); getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &r); return Double(r.ru_utime.tv_sec) + Double(r.ru_utime.tv_usec)/1e6 + Double(r.ru_stime.tv_sec) + Double(r.ru_stime.tv_usec)/1e6 }
let path = CommandLine.arguments[1]
let repeats = Int(CommandLine.arguments[2])!
let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
var lines: [Range<Int>] = []
var s = 0
for (i, b) in data.enumerated() where b == 10 { if i > s { lines.append(s..<i) }; s = i + 1 }
var builder = SpanBatchBuilder()
var batches: [SpanBatch] = []
var spans = 0
var t = cpu()
data.withUnsafeBytes { raw in
  for r in 0..<repeats {
    for l in lines {
        builder.removeAll()
        spans += try! ZipkinJSONDecoder.decode(UnsafeRawBufferPointer(rebasing: raw[l]), limits: SpanLimits(), into: &builder)
        let b = builder.makeBatch(); if CommandLine.arguments.count > 3 { print(b.byteCount, builder.spanCount, b.stringCount) }
        if r == 0 { batches.append(b) }
    }
  }
}
var d = cpu() - t
print("decode", spans, "spans", d / Double(spans) * 1e6, "us/span", Double(data.count * repeats) / d / 1e6, "MB/s", "body", data.count / (spans/repeats), "B/span")
let images = batches.reduce(0) { $0 + $1.byteCount }
print("image B/span", Double(images) / Double(spans / repeats), "batches", batches.count)
t = cpu()
var packed = 0
for b in batches { b.withBytes { packed += LZ4.pack($0, level: .fast).count } }
print("journal pack us/span", (cpu() - t) / Double(spans / repeats) * 1e6, "B/span", Double(packed) / Double(spans / repeats))
t = cpu()
let seg = SegmentWriter.encode(batches, createdAt: 0, options: SegmentOptions())
d = cpu() - t
let n = Double(seg.statistics.spanCount)
print("segment", seg.statistics, "B/span", Double(seg.bytes.count) / n, "us/span", d / n * 1e6)
for (k, v) in seg.byteCounts.sorted(by: { $0.value > $1.value }) { print("  ", k, Double(v) / n) }
let reader = try! SegmentReader(SegmentInMemory(name: "x", bytes: seg.bytes))
let ids = batches.flatMap { $0.spans.map(\.traceID) }
var g = SystemRandomNumberGenerator()
t = cpu()
var c = 0
for _ in 0..<20000 { builder.removeAll(); c += try! reader.readTrace(ids.randomElement(using: &g)!, into: &builder) }
print("trace read us", (cpu() - t) / 20000 * 1e6, c)
let f = SpanFilter(serviceName: Array("reviews.default".utf8), clauses: [], needsOneSpan: false)
t = cpu()
var hits = 0
for _ in 0..<100 { if let scan = try! reader.scan(f, window: Int64.min...Int64.max) { hits += try! reader.hits(in: scan.blocks[0].number, of: scan, window: Int64.min...Int64.max).count } }
print("scan block us", (cpu() - t) / 100 * 1e6, hits)
