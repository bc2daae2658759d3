/// Says of a search's answer whether more traces match than the limit let through.
///
/// Neither Zipkin's nor Jaeger's API has a place for it, so it is a header.
enum MoreTraces {
    static let headerName = "Skein-More-Traces"

    static func value(_ hasMore: Bool) -> String { hasMore ? "true" : "false" }
}
