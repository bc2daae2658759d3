import Configuration
import FoundationEssentials
import Glibc
import Logging

/// The program's log: lines on standard error, for people or for machines.
enum Logs {
    /// Sets the form and level for all loggers; once, before the first is made.
    static func start(_ configuration: Configuration) {
        let level = Logger.Level(rawValue: configuration.logLevel) ?? .info
        let isJSON = configuration.logFormat == "json" || (configuration.logFormat == "auto" && isatty(2) == 0)
        LoggingSystem.bootstrap { _ in
            var handler = LogLines(isJSON: isJSON)
            handler.logLevel = level
            return handler
        }
    }
}

/// Writes each message as a line: time, level, message, then what belongs to it by name.
private struct LogLines: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    let isJSON: Bool

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        if isJSON {
            let fields =
                [("time", time), ("level", event.level.rawValue), ("message", "\(event.message)")]
                + all.map { ($0.key, "\($0.value)") }
            Output.errorText("{" + fields.map { jsonText($0.0) + ":" + jsonText($0.1) }.joined(separator: ",") + "}\n")
        } else {
            let rest = all.map { " \($0.key)=\($0.value)" }.joined()
            Output.errorText("\(time) \(event.level) \(event.message)\(rest)\n")
        }
    }
}
