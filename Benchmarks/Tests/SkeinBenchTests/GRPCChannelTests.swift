import Foundation
import Synchronization
import Testing

@testable import skein_bench

@Suite struct GRPCChannelTests {
    private static func literal(_ name: String, _ value: String) -> [UInt8] {
        [0x00, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
    }

    /// What a channel makes of an answer of frames on stream 1.
    private func ask(_ frames: [[UInt8]]) throws -> Result<QueryAnswer, any Error> {
        let peer = try HTTP2Peer()
        let address = peer.address
        let (box, isOver) = (Box(), DispatchSemaphore(value: 0))
        return try withExtendedLifetime(peer) {
            Thread {
                let answer = Result { try GRPCChannel(to: address).ask(Question(path: "/p.S/M", message: [1, 2, 3])) }
                box.value.withLock { $0 = answer }
                isOver.signal()
            }.start()
            peer.accept()
            // Preface, settings and window, then at least the heads of the call's frames.
            peer.receive(24 + 15 + 13 + 9 + 9)
            for frame in frames { peer.send(frame) }
            isOver.wait()
            return try #require(box.value.withLock { $0 })
        }
    }

    private final class Box: Sendable {
        let value = Mutex<Result<QueryAnswer, any Error>?>(nil)
    }

    @Test func `the messages of a stream come one after the other, whatever frames they are in`() throws {
        let answer = try ask([
            HTTP2Peer.frame(4, 0, 0, []), HTTP2Peer.frame(1, 4, 1, [0x88]),
            HTTP2Peer.frame(0, 0, 1, [0, 0, 0, 0, 2, 7]), HTTP2Peer.frame(0, 0, 1, [8, 0, 0, 0]),
            HTTP2Peer.frame(0, 0, 1, [0, 1, 9]),
            HTTP2Peer.frame(1, 5, 1, Self.literal("grpc-status", "0")),
        ]).get()
        #expect(answer.status == 200 && answer.body == [7, 8, 9] && answer.firstByteSeconds > 0)
    }

    @Test func `a status of gRPC is told`() throws {
        let trailers = [0x88] + Self.literal("grpc-status", "5")
        let answer = try ask([HTTP2Peer.frame(4, 0, 0, []), HTTP2Peer.frame(1, 5, 1, trailers)]).get()
        #expect(answer.status == -5 && answer.body.isEmpty)
    }

    @Test func `an answer without a status is an error`() throws {
        let result = try ask([HTTP2Peer.frame(1, 5, 1, [0x88])])
        #expect(throws: BenchError.self) { try result.get() }
    }
}
