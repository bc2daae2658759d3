internal import TraceModel

extension ZipkinSpanReader {
    mutating func readEndpoint(into builder: inout SpanBatchBuilder) throws(DecodeError) -> ZipkinEndpoint {
        _ = try json.peek()
        if let known = knownEndpoints.first(of: json.here, readable: json.remaining) {
            json.advance(known.byteCount)
            return known.value
        }
        let (start, startOffset, cutBefore) = (json.here, json.offset, cutCount)
        let endpoint = try readUnknownEndpoint(into: &builder)
        if cutCount == cutBefore {
            knownEndpoints.remember(start, byteCount: json.offset - startOffset, endpoint)
        }
        return endpoint
    }

    private mutating func readUnknownEndpoint(
        into builder: inout SpanBatchBuilder
    ) throws(DecodeError) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        try json.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try json.nextKey(isFirst: &isFirst) {
            if key.equals("serviceName") {
                if try json.takeNull() { continue }
                endpoint.serviceName = try readName(into: &builder)
            } else if key.equals("ipv4") || key.equals("ipv6") {
                if try json.takeNull() { continue }
                let text = try json.readString()
                switch IPAddress(text) {
                case .v4(let value): endpoint.ipv4 = builder.intern(bigEndian: value)
                case .v6(let high, let low): endpoint.ipv6 = builder.intern(high: high, low: low)
                case nil: break
                }
            } else if key.equals("port") {
                if try json.takeNull() { continue }
                let place = json.offset
                let port = try json.readInteger()
                guard port <= 0xffff else { throw json.malformed("invalid port \(port)", at: place) }
                endpoint.port = max(port, 0)
            } else {
                try json.skipValue()
            }
        }
        return endpoint
    }

    /// Always in the same order, so that the order in which a sender writes makes no other shape.
    func takeEndpoints(into builder: inout SpanBatchBuilder) {
        builder.serviceName = localEndpoint.serviceName
        if localEndpoint.ipv4 != 0 { builder.setField(.localIPv4, reference: localEndpoint.ipv4) }
        if localEndpoint.ipv6 != 0 { builder.setField(.localIPv6, reference: localEndpoint.ipv6) }
        if localEndpoint.port != 0 { builder.setField(.localPort, int: localEndpoint.port) }
        if remoteEndpoint.serviceName != 0 {
            builder.setField(.remoteServiceName, reference: remoteEndpoint.serviceName)
        }
        if remoteEndpoint.ipv4 != 0 { builder.setField(.remoteIPv4, reference: remoteEndpoint.ipv4) }
        if remoteEndpoint.ipv6 != 0 { builder.setField(.remoteIPv6, reference: remoteEndpoint.ipv6) }
        if remoteEndpoint.port != 0 { builder.setField(.remotePort, int: remoteEndpoint.port) }
    }
}
