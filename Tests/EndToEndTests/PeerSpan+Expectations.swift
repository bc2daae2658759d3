import Testing

extension PeerSpan {
    /// Zipkin's API tells it as far as Zipkin's model goes.
    func expectZipkin(_ span: ZipkinSpan) {
        #expect(span.traceId == traceID)
        #expect(span.parentId == parentID, "parent of \(name)")
        #expect(span.name?.lowercased() == name.lowercased())
        #expect(span.kind == (kind == "INTERNAL" ? nil : kind), "kind of \(name)")
        #expect(span.timestamp == start / 1_000, "start of \(name)")
        #expect(span.duration == (duration > 0 ? max(duration / 1_000, 1) : nil), "duration of \(name)")
        #expect(span.localEndpoint?.serviceName == service)
        #expect(span.annotations?.count ?? 0 == events.count, "annotations of \(name)")
        for attribute in attributes where attribute.type != "list" && !Self.isTold(attribute.key) {
            let text = span.tags?[attribute.key]
            if attribute.type == "double" {
                #expect(text.flatMap { Double($0) } == Double(attribute.text), "\(attribute.key) of \(name)")
            } else {
                #expect(text == attribute.text, "\(attribute.key) of \(name)")
            }
        }
    }

    /// Jaeger's API tells the tags with their types.
    func expectJaeger(_ span: JaegerTrace.Span, _ trace: JaegerTrace, isJaeger: Bool) {
        #expect(span.operationName == name)
        #expect(trace.processes[span.processID]?.serviceName == service)
        #expect(span.startTime == start / 1_000, "start of \(name)")
        #expect(span.duration == duration / 1_000, "duration of \(name)")
        #expect(span.references.first { $0.refType == "CHILD_OF" }?.spanID == parentID, "parent of \(name)")
        var expected = attributes.filter { $0.type != "list" && !Self.isScope($0.key) }
        let told = zip(["otel.scope.name", "otel.scope.version"], (isJaeger ? fromJaeger : self).scope ?? [])
        for (key, text) in told where !text.isEmpty {
            expected.append(Value(key: key, type: "string", text: text, items: nil))
        }
        if !isJaeger {
            let kind = Value(key: "span.kind", type: "string", text: kind.lowercased(), items: nil)
            expected.append(kind)
            if status != "UNSET" {
                expected.append(Value(key: "otel.status_code", type: "string", text: status, items: nil))
            }
            if status == "ERROR" { expected.append(Value(key: "error", type: "bool", text: "true", items: nil)) }
            if let message {
                expected.append(Value(key: "otel.status_description", type: "string", text: message, items: nil))
            }
        }
        if isJaeger {
            // A failure has both tags, whichever was sent.
            let derived = status == "ERROR" ? ["otel.status_code"] : []
            let unknown = Set(span.tags.map(\.key)).subtracting(expected.map(\.key) + derived)
            #expect(unknown.isEmpty, "tags of \(name)")
        }
        for value in expected {
            let types = ["int": "int64", "double": "float64"]
            guard let tag = span.tags.first(where: { $0.key == value.key }) else {
                Issue.record("Jaeger's API does not tell \(value.key) of \(name)")
                continue
            }
            #expect(tag.type == types[value.type] ?? value.type, "type of \(value.key) of \(name)")
            #expect(Value(key: tag.key, type: value.type, text: tag.text, items: nil) == value, "of \(name)")
        }
        #expect(span.logs.map(\.timestamp).sorted() == events.map { $0.time / 1_000 }.sorted(), "logs of \(name)")
        let names = span.logs.map { $0.fields.first { ["event", "message"].contains($0.key) }?.text ?? "" }
        #expect(names.sorted() == (isJaeger ? fromJaeger : self).events.map(\.name).sorted(), "logs of \(name)")
    }

    /// What is stored of a span that was told in Jaeger's terms: tags that say what Skein has fields for are those
    /// fields, and of a log's fields one is the event's name.
    var fromJaeger: PeerSpan {
        var span = self
        let name = attributes.first { $0.key == "otel.scope.name" }?.text
        span.scope = name.map { [$0, attributes.first { $0.key == "otel.scope.version" }?.text ?? ""] }
        span.attributes = attributes.filter { !Self.isTold($0.key) }
        if !resource.contains(where: { $0.key == "service.name" }) {
            span.resource.insert(Value(key: "service.name", type: "string", text: service, items: nil), at: 0)
        }
        span.events = events.map { event in
            var event = event
            let key = event.attributes.contains { $0.key == "event" } ? "event" : "message"
            event.name = event.attributes.first { $0.key == key }?.text ?? ""
            // A message names the event, and stays a field: it may be a long one.
            event.attributes.removeAll { $0.key == "event" }
            return event
        }
        return span
    }

    private static func isTold(_ key: String) -> Bool {
        ["span.kind", "error", "otel.status_code", "otel.status_description"].contains(key) || isScope(key)
    }

    private static func isScope(_ key: String) -> Bool {
        key.hasPrefix("otel.scope.") || key.hasPrefix("otel.library.")
    }

    /// A line for each thing that it has, in no order but that of lists.
    var lines: [String] {
        var lines = [
            "\(name) in trace \(traceID), under \(parentID ?? "none")", "\(name) kind \(kind)",
            "\(name) service \(service)",
            "\(name) start \(start)", "\(name) duration \(duration)",
            "\(name) status \(status) \(message ?? "without text")",
            "\(name) scope \(scope?.description ?? "none")",
        ]
        lines += attributes.enumerated().map { "\(name) attribute \($0) \($1)" }
        lines += resource.enumerated().map { "\(name) resource \($0) \($1)" }
        lines += events.map { "\(name) event \($0.time) \($0.name) \($0.attributes)" }
        lines += links.map { "\(name) link \($0.traceID) \($0.spanID) \($0.attributes)" }
        return lines
    }
}

extension ZipkinSpan {
    /// As those of `PeerSpan`.
    var lines: [String] {
        let name = "\(name ?? "nameless") \(shared == true ? "(shared)" : "")"
        var lines = [
            "\(name) ids \(traceId) \(id) under \(parentId ?? "none")", "\(name) kind \(kind ?? "none")",
            "\(name) timestamp \(timestamp ?? 0)", "\(name) duration \(duration ?? 0)",
            "\(name) local \(localEndpoint?.line ?? "none")", "\(name) remote \(remoteEndpoint?.line ?? "none")",
            "\(name) debug \(debug ?? false)",
        ]
        lines += (annotations ?? []).map { "\(name) annotation \($0.timestamp) \($0.value)" }
        lines += (tags ?? [:]).map { "\(name) tag \($0) \($1)" }
        return lines
    }
}

extension CommonSpan {
    /// As those of `PeerSpan`.
    var lines: [String] {
        let name = "\(operation ?? "nameless") in Jaeger's API"
        let times = "\(name) start \(startMicroseconds ?? 0), duration \(durationMicroseconds)"
        return ["\(name) \(id) under \(parentID ?? "none")", "\(name) service \(service ?? "none")", times]
            + tags.map { "\(name) tag \($0) \($1)" } + events.map { "\(name) event \($0)" }
    }
}

extension ZipkinSpan.Endpoint {
    fileprivate var line: String { "\(serviceName ?? "-") \(ipv4 ?? "-") \(ipv6 ?? "-") \(port ?? 0)" }
}

/// Records an issue with those lines that only one side has, each cut to a length that people read.
func expectSameLines(
    _ found: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation
) {
    func text(_ lines: Set<String>) -> String {
        lines.sorted().map { line in
            let rest = line.utf8.dropFirst(400)
            return "\n    " + line.prefix(400) + (rest.isEmpty ? "" : "... and \(rest.count) bytes")
        }.joined()
    }
    let (found, expected) = (Set(found), Set(expected))
    guard found != expected else { return }
    Issue.record(
        "not found:\(text(expected.subtracting(found)))\nfound:\(text(found.subtracting(expected)))",
        sourceLocation: sourceLocation)
}
