import Glibc

extension Socket {
    /// Sends a whole request, again and again as long as it is answered with 503.
    /// - Parameter answers: memory for them.
    /// - Throws: if it is answered with anything but 202 in the end.
    func postUntilTaken(_ request: [UInt8], answers: UnsafeMutableRawBufferPointer) throws {
        var status = 503
        while status == 503 {
            try writeAll(request)
            var reader = HTTPBodyReader()
            while !reader.isDone {
                guard case .moved(let count) = read(into: answers) else {
                    throw BenchError("the connection broke on a post")
                }
                try reader.take(UnsafeRawBufferPointer(rebasing: answers[..<count])) { _ in }
            }
            status = reader.status
            if status == 503 { usleep(100_000) }
        }
        guard status == 202 else { throw BenchError("a post was answered with \(status)") }
    }
}
