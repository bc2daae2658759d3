internal import Catalog
internal import Journal
internal import SegmentStore

extension StoreError {
    static func wrapSegment<Value>(_ body: () throws(SegmentError) -> Value) throws(StoreError) -> Value {
        do throws(SegmentError) {
            return try body()
        } catch {
            throw StoreError(error)
        }
    }

    init(_ error: SegmentError) {
        let code: Code =
            switch error.code {
            case .corrupt: .corrupt
            case .unsupportedFormat: .unsupportedFormat
            case .diskFull, .unreadable: .unusable
            }
        self.init(code, error.message)
    }

    static func wrapJournal<Value>(_ body: () throws(JournalError) -> Value) throws(StoreError) -> Value {
        do throws(JournalError) {
            return try body()
        } catch {
            throw StoreError(error)
        }
    }

    init(_ error: JournalError) {
        self.init(error.code == .unsupportedFormat ? .unsupportedFormat : .unusable, error.message)
    }

    static func wrapCatalog<Value>(_ body: () throws(CatalogError) -> Value) throws(StoreError) -> Value {
        do throws(CatalogError) {
            return try body()
        } catch {
            throw StoreError(error)
        }
    }

    init(_ error: CatalogError) {
        switch error.code {
        case .unsupportedFormat: self.init(.unsupportedFormat, error.message)
        case .corrupt: self.init(.corrupt, error.message + "; " + StoreError.rebuildAdvice)
        case .diskFull, .failed: self.init(.unusable, error.message)
        }
    }

    static let rebuildAdvice = "'skein store rebuild' makes a new catalog from the segments"
}

extension SegmentStatistics {
    init(_ record: SegmentRecord) {
        self = SegmentStatistics()
        spanCount = record.spanCount
        traceCount = record.traceCount
        errorCount = record.errorCount
        byteCount = record.byteCount
        earliestStart = record.earliestStart
        latestStart = record.latestStart
        latestEnd = record.latestEnd
    }
}
