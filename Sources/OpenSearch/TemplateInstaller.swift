internal import HTTPClient
public import Logging
internal import WireFormats

/// Prepares a cluster for the documents to come: index templates, and the first index of each alias.
public struct TemplateInstaller: Sendable {
    /// What was done with a template.
    public enum Outcome: Sendable, Equatable {
        case installed
        case updated(from: Int)
        /// The cluster has the same version, or a newer one.
        case kept(version: Int)
        /// The cluster has one without a version, which somebody else made.
        case foreign
    }

    private let client: OpenSearchClient
    private let version: OpenSearchVersion
    private let logger: Logger

    /// Asks the cluster what it is. Blocks, as all here does.
    public init(client: OpenSearchClient, logger: Logger) throws(OpenSearchError) {
        self.client = client
        self.logger = logger
        version = try client.version()
    }

    /// Installs a template if the cluster has none of its name, or an older one.
    @discardableResult
    public func install(_ template: IndexTemplate) throws(OpenSearchError) -> Outcome {
        let isComposable = template.isComposable || version.hasComposableTemplates
        let path = (isComposable ? "/_index_template/" : "/_template/") + PercentEncoding.encode(template.name)
        let found = try installedVersion(path, isComposable: isComposable)
        switch found {
        case .none: break
        case .foreign:
            logger.warning(
                "index template \(template.name) of OpenSearch has no version, so somebody else made it: it stays")
            return .foreign
        case .version(let version) where version >= template.version: return .kept(version: version)
        case .version: break
        }
        let body = isComposable ? template.composableBody : template.body
        _ = try client.perform(OpenSearchRequest("PUT", path, body: body))
        logger.info("index template \(template.name), version \(template.version), is installed")
        if case .version(let version) = found { return .updated(from: version) }
        return .installed
    }

    /// Makes sure that documents can be written through an alias that the cluster turns: makes `<base>-000001` with
    /// the aliases `<base>-write` and `<base>-read`, unless somebody writes through the first already.
    /// - Returns: whether the index was made.
    @discardableResult
    public func makeFirstIndex(base: String) throws(OpenSearchError) -> Bool {
        try makeFirstIndex(base: base, writeAlias: base + "-write", readAlias: base + "-read")
    }

    /// Likewise, for other names of the aliases.
    ///
    /// - Parameter readAlias: nil if documents are read through the same alias.
    @discardableResult
    public func makeFirstIndex(
        base: String, writeAlias: String, readAlias: String?
    ) throws(OpenSearchError) -> Bool {
        do throws(OpenSearchError) {
            _ = try client.perform(OpenSearchRequest("GET", "/_alias/" + PercentEncoding.encode(writeAlias)))
            return false
        } catch {
            guard error.status == 404 else { throw error }
        }
        var body = "{\"aliases\":{\"\(writeAlias)\":{\"is_write_index\":true}"
        if let readAlias { body += ",\"\(readAlias)\":{}" }
        body += "}}"
        do throws(OpenSearchError) {
            let path = "/" + PercentEncoding.encode(base + "-000001")
            _ = try client.perform(OpenSearchRequest("PUT", path, body: Array(body.utf8)))
        } catch {
            // Another collector was faster.
            guard error.type == "resource_already_exists_exception" else { throw error }
            return false
        }
        logger.info("index \(base)-000001 is made, to be written through the alias \(writeAlias)")
        return true
    }

    // MARK: Details

    private enum Found {
        case none, foreign
        case version(Int)
    }

    private func installedVersion(_ path: String, isComposable: Bool) throws(OpenSearchError) -> Found {
        let body: [UInt8]
        do throws(OpenSearchError) {
            body = try client.perform(OpenSearchRequest("GET", path)).body
        } catch {
            if error.status == 404 { return .none }
            throw error
        }
        let found: Result<Found, DecodeError> = body.withUnsafeBytes { bytes in
            Result { () throws(DecodeError) in
                var scanner = JSONScanner(bytes)
                return isComposable ? try Self.readComposable(&scanner) : try Self.readLegacy(&scanner)
            }
        }
        do throws(DecodeError) {
            return try found.get()
        } catch {
            throw OpenSearchError(.badAnswer, "OpenSearch's answer to \(path) is not understood: \(error)")
        }
    }

    /// `{"NAME":{"version":3,...}}`; empty if there is none.
    private static func readLegacy(_ scanner: inout JSONScanner) throws(DecodeError) -> Found {
        var found = Found.none
        try scanner.expect(UInt8(ascii: "{"))
        var isFirst = true
        while try scanner.nextKey(isFirst: &isFirst) != nil { found = try readTemplate(&scanner) }
        return found
    }

    /// `{"index_templates":[{"name":"NAME","index_template":{"version":3,...}}]}`.
    private static func readComposable(_ scanner: inout JSONScanner) throws(DecodeError) -> Found {
        var found = Found.none
        try scanner.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            guard key.equals("index_templates") else {
                try scanner.skipValue()
                continue
            }
            try scanner.expect(UInt8(ascii: "["))
            var isFirst = true
            while try scanner.nextElement(isFirst: &isFirst) {
                try scanner.expect(UInt8(ascii: "{"))
                var isFirst = true
                while let key = try scanner.nextKey(isFirst: &isFirst) {
                    if key.equals("index_template") {
                        found = try readTemplate(&scanner)
                    } else {
                        try scanner.skipValue()
                    }
                }
            }
        }
        return found
    }

    private static func readTemplate(_ scanner: inout JSONScanner) throws(DecodeError) -> Found {
        var found = Found.foreign
        try scanner.expect(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if key.equals("version") {
                if try scanner.takeNull() { continue }
                found = .version(Int(try scanner.readInteger()))
            } else {
                try scanner.skipValue()
            }
        }
        return found
    }
}
