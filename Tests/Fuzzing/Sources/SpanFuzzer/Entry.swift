internal import Glibc

/// The target that the environment names; chosen once.
private let target: FuzzTarget = {
    let name = getenv("SKEIN_FUZZ").map { String(cString: $0) } ?? ""
    if let target = FuzzTarget(rawValue: name) { return target }
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
    stop("SKEIN_FUZZ names no target: \(name.isEmpty ? "it is not set" : name); there are \(names)")
}()

// libFuzzer calls from one thread only.
private nonisolated(unsafe) let fuzzer = SpanFuzzer(target)

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    fuzzer.run(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}

/// Ends the program, as libFuzzer takes for a finding. The optimizer keeps this message, unlike a precondition's.
func stop(_ message: String) -> Never {
    let line = "span-fuzzer: \(message)\n"
    _ = line.utf8.withContiguousStorageIfAvailable { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    abort()
}

func check(_ isTrue: Bool, _ message: @autoclosure () -> String) {
    if !isTrue { stop(message()) }
}
