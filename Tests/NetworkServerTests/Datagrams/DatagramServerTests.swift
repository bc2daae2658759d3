import NetworkServer
import Testing

@Suite struct DatagramServerTests {
    @Test(arguments: ["127.0.0.1", "::1"])
    func `a thousand datagrams arrive whole`(address: String) async throws {
        try await RunningDatagramServer.run(address: address) { running in
            let client = try DatagramClient(address: address, port: running.port)
            var sent: [[UInt8]] = []
            for index in 0..<1000 {
                let bytes = (0..<(index * 7 % 3000)).map { UInt8(truncatingIfNeeded: $0 &+ index) }
                sent.append(bytes)
                #expect(client.send(bytes))
                // Nothing slows a sender down, and what the system has no room for is lost.
                if index % 50 == 49 { try running.until { running.received.count == index + 1 } }
            }
            let received = running.received
            #expect(received.map(\.bytes) == sent)
            #expect(received.allSatisfy { $0.remoteAddress == address && $0.eventLoopIndex == running.eventLoopIndex })
            #expect(running.tooLarge.isEmpty)
        }
    }

    @Test func `the largest datagram is taken, one byte more is counted`() async throws {
        try await RunningDatagramServer.run { running in
            let client = try DatagramClient(port: running.port)
            let largest = (0..<65_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
            #expect(client.send(largest))
            try running.until { running.received.count == 1 }
            #expect(running.received.first?.bytes == largest)
            #expect(client.send(largest + [1]))
            #expect(client.send([UInt8](repeating: 2, count: 65_507)))
            #expect(client.send([3]))
            try running.until { running.received.count == 2 }
            #expect(running.received.last?.bytes == [3])
            #expect(running.tooLarge == [65_001, 65_507])
        }
    }

    @Test func `the largest that the protocol knows is never cut`() async throws {
        try await RunningDatagramServer.run(byteCountMax: 65_535) { running in
            let client = try DatagramClient(port: running.port)
            // Many at once, so that several are read in one call.
            let bytes = (0..<65_507).map { UInt8(truncatingIfNeeded: $0 / 5) }
            for round in 1...10 {
                for _ in 0..<2 { #expect(client.send(bytes)) }
                try running.until { running.received.count == 2 * round }
            }
            #expect(running.received.allSatisfy { $0.bytes == bytes })
        }
    }

    @Test func `an address that cannot be had is named`() async throws {
        let group = HTTPServerGroup.forDatagramTests()
        func failure(_ address: String, _ port: Int) throws -> HTTPServerError? {
            let server = DatagramServer(name: "agent", address: address, port: port, group: group, handler: { _, _ in })
            do {
                try server.start()
                return nil
            } catch let error as HTTPServerError {
                #expect(server.boundPort == nil && server.boundAddress == nil)
                return error
            }
        }
        for (address, port) in [("nowhere", 0), ("127.0.0.1", 70_000), ("127.0.0.1", -1), ("192.0.2.1", 0)] {
            let error = try failure(address, port)
            #expect(error?.code == .addressInvalid)
            #expect(error?.message.hasPrefix("agent: cannot listen on \(address):\(port): ") == true)
        }
        let first = DatagramServer(name: "first", address: "127.0.0.1", port: 0, group: group, handler: { _, _ in })
        try first.start()
        let port = try #require(first.boundPort)
        #expect(first.boundAddress == "127.0.0.1:\(port)")
        let error = try failure("127.0.0.1", port)
        #expect(error?.code == .addressInUse)
        #expect(
            error?.message == "agent: cannot listen on 127.0.0.1:\(port): the port is in use by another program")
        await first.close()
        #expect(try failure("127.0.0.1", port) == nil)
        await group.shutDown()
    }

    @Test func `what comes too fast is lost, and counted by the system`() async throws {
        try await RunningDatagramServer.run(receiveBufferByteCount: 20_000) { running in
            let before = try #require(await running.server.socketState())
            #expect(before.receiveBufferByteCount >= 20_000 && before.receiveBufferByteCount < 200_000)
            #expect(before.lostDatagramCount == 0)
            let client = try DatagramClient(port: running.port)
            running.whileHandlersWait {
                for _ in 0..<200 { #expect(client.send([UInt8](repeating: 1, count: 5000))) }
            }
            // The last one finds room, as soon as the handlers go on.
            try running.until {
                client.send([9])
                return running.received.contains { $0.bytes == [9] }
            }
            let after = try #require(await running.server.socketState())
            let handledCount = running.received.count { $0.bytes.count == 5000 }
            #expect(after.lostDatagramCount > 0)
            #expect(handledCount + after.lostDatagramCount >= 200)
            #expect(handledCount < 200)
        }
    }

    @Test func `after it was closed nothing is handled, and closing again does no harm`() async throws {
        try await RunningDatagramServer.run { running in
            let client = try DatagramClient(port: running.port)
            #expect(client.send([1]))
            try running.until { running.received.count == 1 }
            await running.server.close()
            client.send([2])
            await running.server.close()
            #expect(await running.server.socketState() == nil)
            #expect(running.received.count == 1)
        }
    }
}
