import Foundation
import Testing

@testable import skein_bench

@Suite struct GRPCConnectionTests {
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
    private static let path = "/p.S/M"
    /// Preface, settings, and the head of the first request's block.
    private static let beginByteCount = 24 + 9 + 9

    private func connection(to peer: HTTP2Peer, streams: Int = 1) -> GRPCConnection {
        GRPCConnection(to: peer.address, path: Self.path, streams: streams, input: input)
    }

    /// Waits for bytes of the peer and reads them.
    private func read(_ connection: GRPCConnection) throws {
        let descriptor = try #require(connection.descriptor)
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        try #require(poll(&polled, 1, 5_000) == 1)
        try connection.read()
    }

    private func literal(_ name: String, _ value: String) -> [UInt8] {
        [0x00, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
    }

    private func ok(_ stream: UInt8) -> [UInt8] {
        HTTP2Peer.frame(1, 4, stream, [0x88]) + HTTP2Peer.frame(0, 0, stream, [0, 0, 0, 0, 0])
            + HTTP2Peer.frame(1, 5, stream, literal("grpc-status", "0"))
    }

    @Test func `a body goes out in frames as the windows allow`() throws {
        defer { input.deallocate() }
        let peer = try HTTP2Peer()
        let connection = connection(to: peer)
        let call = connection.calls[0]
        call.body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try connection.send(call)
        peer.accept()
        // Both windows are 65,535 bytes before the peer says otherwise.
        func data() -> [UInt8] { peer.frames().filter { $0.type == 0 }.flatMap(\.payload) }
        while data().count < 65_535 {
            let before = peer.bytes.count
            connection.write()
            peer.receive(before + 1)
            try #require(peer.bytes.count > before)
        }
        #expect(String(decoding: peer.bytes.prefix(24), as: UTF8.self) == "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        #expect(data().count == 65_535)
        #expect(peer.frames().filter { $0.type == 0 }.allSatisfy { $0.payload.count <= 16_384 && $0.flags == 0 })
        // More for the stream alone is not enough; then the connection's own.
        peer.send(HTTP2Peer.frame(4, 0, 0, [0, 4, 0, 1, 0x86, 0xA5]))
        try read(connection)
        peer.receive(peer.bytes.count + 9)
        #expect(data().count == 65_535)
        #expect(peer.frames().contains { $0.type == 4 && $0.flags == 1 }, "settings are acknowledged")
        peer.send(HTTP2Peer.frame(8, 0, 0, [0, 1, 0, 0]))
        try read(connection)
        while data().count < 100_005 {
            let before = peer.bytes.count
            connection.write()
            peer.receive(before + 1)
            try #require(peer.bytes.count > before)
        }
        #expect(data() == [0, 0, 1, 0x86, 0xA0] + call.body)
        #expect(peer.frames().last { $0.type == 0 }?.flags == 1)
        #expect(connection.takeAnswers().isEmpty)
        peer.send(ok(1))
        try read(connection)
        #expect(connection.takeAnswers().map(\.answer) == [.accepted])
    }

    @Test func `the request's fields are those of a unary call`() throws {
        defer { input.deallocate() }
        let peer = try HTTP2Peer()
        let connection = connection(to: peer)
        try connection.send(connection.calls[0])
        peer.accept()
        peer.receive(Self.beginByteCount + 20)
        var decoder = HPACKDecoder()
        let block = try #require(peer.frames().first { $0.type == 1 })
        let fields = try decoder.decode(block.payload)
        #expect(block.flags == 4 && block.stream == 1)
        #expect(fields[":method"] == "POST" && fields[":path"] == Self.path && fields[":scheme"] == "http")
        #expect(fields["content-type"] == "application/grpc" && fields["te"] == "trailers")
    }

    @Test(arguments: [
        ("8", PostAnswer.refused("grpc-status 8")), ("14", .refused("UNAVAILABLE without RetryInfo")),
        ("0", .refused("OK without a message")),
    ])
    func `a status alone is told`(status: String, answer: PostAnswer) throws {
        defer { input.deallocate() }
        let peer = try HTTP2Peer()
        let connection = connection(to: peer)
        try connection.send(connection.calls[0])
        peer.accept()
        peer.send(HTTP2Peer.frame(4, 0, 0, []) + HTTP2Peer.frame(1, 5, 1, [0x88] + literal("grpc-status", status)))
        try read(connection)
        #expect(connection.takeAnswers().map(\.answer) == [answer])
    }

    @Test func `calls of one connection end each on its own, and a ping is answered`() throws {
        defer { input.deallocate() }
        let peer = try HTTP2Peer()
        let connection = connection(to: peer, streams: 3)
        for call in connection.calls {
            call.body = [1, 2, 3]
            try connection.send(call)
        }
        peer.accept()
        peer.send(ok(3) + HTTP2Peer.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]) + HTTP2Peer.frame(3, 0, 5, [0, 0, 0, 7]))
        try read(connection)
        let answers = connection.takeAnswers()
        #expect(answers.map(\.answer) == [.accepted, .wait(0)])
        #expect(answers[0].call === connection.calls[1] && answers[1].call === connection.calls[2])
        peer.receive(Self.beginByteCount + 500)
        #expect(peer.frames().contains { $0.type == 6 && $0.flags == 1 && $0.payload == [1, 2, 3, 4, 5, 6, 7, 8] })
        peer.hangUp()
        try read(connection)
        #expect(connection.takeAnswers().map(\.answer) == [.lost] && connection.descriptor == nil)
    }

    @Test func `streams that a peer going away has not taken are to be sent again`() throws {
        defer { input.deallocate() }
        let peer = try HTTP2Peer()
        let connection = connection(to: peer, streams: 2)
        for call in connection.calls { try connection.send(call) }
        peer.accept()
        peer.send(HTTP2Peer.frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0]))
        try read(connection)
        #expect(connection.takeAnswers().map(\.answer) == [.wait(0)])
        peer.send(ok(1))
        try read(connection)
        #expect(connection.takeAnswers().map(\.answer) == [.accepted])
        #expect(connection.descriptor == nil, "a new connection is opened for the next call")
    }
}
