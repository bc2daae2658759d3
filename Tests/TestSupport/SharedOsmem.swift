internal import Synchronization

/// One OpenSearch server for all tests of a process, which keep to indices of their own. It ends with the process.
public enum SharedOsmem {
    private static let running = Mutex<OsmemServer?>(nil)

    /// Starts it the first time.
    private static func server() throws -> OsmemServer {
        try running.withLock { server in
            if let server { return server }
            let new = try OsmemServer()
            server = new
            return new
        }
    }

    public static func url() throws -> String { try server().url }

    /// Makes everything that was written visible to searches.
    public static func refresh() throws { try server().refresh() }

    // MARK: Templates

    /// Has indices be made as Jaeger makes them.
    /// - Parameters:
    ///   - base: `jaeger-span` or `jaeger-service`.
    ///   - name: of the indices, up to their dates.
    public static func installTemplate(_ base: String, name: String) throws {
        let text = base == "jaeger-span" ? template(name) : serviceTemplate(name)
        let answer = try HTTPConnection(port: try server().port).request(
            "PUT", "/_template/" + name, headers: [("content-type", "application/json")], body: .bytes(Array(text.utf8))
        )
        guard answer.status == 200 else { throw TestSupportError("osmem-server: \(answer.text)") }
    }

    private static let list =
        #"{"type":"nested","dynamic":"false","properties":{"key":{"type":"keyword","ignore_above":256},"#
        + #""value":{"type":"keyword","ignore_above":256},"type":{"type":"keyword","ignore_above":256}}}"#
    private static let keyword = #"{"type":"keyword","ignore_above":256}"#

    private static func template(_ name: String) -> String {
        """
        {"index_patterns":"\(name)-*","mappings":{"dynamic_templates":[
          {"span_tags":{"mapping":\(keyword),"path_match":"tag.*"}},
          {"process_tags":{"mapping":\(keyword),"path_match":"process.tag.*"}}],
         "properties":{"traceID":\(keyword),"parentSpanID":\(keyword),"spanID":\(keyword),"operationName":\(keyword),
          "startTime":{"type":"long"},"startTimeMillis":{"type":"date","format":"epoch_millis"},
          "duration":{"type":"long"},"flags":{"type":"integer"},
          "logs":{"type":"nested","dynamic":"false","properties":{"timestamp":{"type":"long"},"fields":\(list)}},
          "process":{"properties":{"serviceName":\(keyword),"tag":{"type":"object"},"tags":\(list)}},
          "references":{"type":"nested","dynamic":"false","properties":{"refType":\(keyword),"traceID":\(keyword),
           "spanID":\(keyword)}},
          "tag":{"type":"object"},"tags":\(list)}}}
        """
    }

    private static func serviceTemplate(_ name: String) -> String {
        """
        {"index_patterns":"\(name)-*","mappings":{"properties":{
          "serviceName":\(keyword),"operationName":\(keyword)}}}
        """
    }
}
