internal import TraceModel

extension ZipkinSpanReader {
    mutating func readEndpoint(into builder: inout SpanBatchBuilder) throws(DecodeError) -> ZipkinEndpoint {
        _ = try json.peek()
        if let known = knownEndpoints.first(of: json.here, readable: json.remaining) {
            json.advance(known.byteCount)
            return known.value
        }
        let (start, startOffset, cutBefore) = (json.here, json.offset, stage.cutCount)
        let endpoint = try readUnknownEndpoint(into: &builder)
        if stage.cutCount == cutBefore {
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
                if let address = IPAddress(text) { endpoint.setAddress(address, &builder) }
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
}
