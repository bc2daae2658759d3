internal import Bytes
internal import NetworkServer
internal import WireFormats

/// The page behind the links of Jaeger's web interface.
package enum JaegerPage {
    /// Kiali takes the version out of this page by its text: from `const JAEGER_VERSION = ` to the next semicolon.
    /// Jaeger's own interface looks for the capabilities, under their old name too.
    /// - Parameter mountPrefix: where the API stands; nil leaves out the links to it.
    package static func html(version: String, mountPrefix: String? = nil) -> [UInt8] {
        precondition(!version.contains { ";<&".contains($0) }, "a version can stand in a script")
        var page = ByteWriter()
        page.write(
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Skein</title>
            <script>
            const JAEGER_VERSION = {"gitCommit":"","gitVersion":
            """)
        page.writeJSONString(version)
        page.write(
            """
            ,"buildDate":""};
            const JAEGER_STORAGE_CAPABILITIES = {"archiveStorage":false,"metricsStorage":true};
            const JAEGER_BACKEND_CAPABILITIES = {"archiveStorage":false,"metricsStorage":true,\
            "searchWithoutServiceName":true,"aiAssistant":false};
            </script></head>
            <body><h1>Skein</h1>
            <p>Traces are read through the API of Jaeger, here, and that of Zipkin, on its own port.</p>

            """)
        if let mountPrefix {
            page.write(Array("<p><a href=\"\(mountPrefix)/api/services\">Services</a></p>\n".utf8))
        }
        page.write("</body></html>\n")
        return page.bytes
    }

    static func response(version: String, mountPrefix: String? = nil) -> HTTPResponse {
        HTTPResponse(
            status: .ok, headers: [("content-type", "text/html; charset=utf-8")],
            body: html(version: version, mountPrefix: mountPrefix))
    }

    /// Answers what no route takes: paths below `api`, and those of files, are not there; every other is a view of the
    /// web interface, and the page stands for it.
    static func fallback(version: String) -> HTTPHandler {
        let page = response(version: version)
        return .eventLoop { request, _, responder in
            let isRead = request.method == .get || request.method == .head
            responder.respond(isRead && isView(request.path) ? page : .text(.notFound, "404 page not found\n"))
        }
    }

    /// - Parameter path: at the root, or below a prefix of one segment.
    package static func isView(_ path: String) -> Bool {
        let segments = path.split(separator: "/")
        return !segments.prefix(2).contains { ["api", "static", "favicon.ico", "robots.txt"].contains($0) }
    }
}
