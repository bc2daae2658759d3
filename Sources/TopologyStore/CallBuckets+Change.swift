package import Catalog
package import Topology

extension CallBuckets {
    /// A change that awaits the outcome of the catalog's transaction.
    package struct Prepared {
        fileprivate var buckets: [(level: TopologyChange.Level, start: Int64, bucket: CallBucket)] = []
        fileprivate var seriesIDs: [UInt32] = []
        fileprivate var foldedCallCount = 0
        fileprivate var expiredCallCount = 0
    }

    /// Adds counts to the buckets of their time, as part of a change of the catalog.
    ///
    /// - Parameters:
    ///   - counts: by minute, told by any time in it, in nanoseconds since 1970.
    ///   - names: those that the buckets were opened with, and more.
    ///   - change: takes the buckets as they are from now on, and the series that are new.
    package func prepare(
        _ counts: [Int64: [CallSeries: CallTotals]], _ names: CallNames, into change: inout TopologyChange
    ) throws(CatalogError) -> Prepared {
        precondition(!isChangeUnderway, "the change before was committed or discarded")
        var prepared = Prepared()
        var added: [Int64: [CallBucket]] = [:]
        var newIDs: Set<UInt32> = []
        var asBefore: [CallBucketCache.Key: CallBucket] = [:]
        for (time, totals) in counts where !totals.isEmpty {
            let bucket = bucket(of: totals, &prepared, &newIDs)
            let start = TopologyChange.Level.minute.start(of: time)
            if start < keptFrom[.day] ?? Int64.min { prepared.expiredCallCount += bucket.callCount }
            added[start, default: []].append(bucket)
        }
        for level in TopologyChange.Level.allCases {
            var longer: [Int64: [CallBucket]] = [:]
            for (start, buckets) in added {
                let sum = CallBucket.sum(buckets)
                longer[level.start(of: start), default: []].append(sum)
            }
            added = longer.mapValues { [CallBucket.sum($0)] }
            for (start, buckets) in added where start >= keptFrom[level] ?? Int64.min {
                let before = try load(level, start)
                asBefore[CallBucketCache.Key(length: level.rawValue, start: start)] = before
                let bucket = CallBucket.sum([before].compactMap { $0 } + buckets)
                prepared.buckets.append((level, start, bucket))
                change.buckets.append(
                    TopologyChange.Bucket(level: level, start: start, content: bucket.encoded()))
            }
        }
        prepared.seriesIDs = newIDs.sorted()
        change.series += prepared.seriesIDs.compactMap { table.stored($0, names) }
        unchanged = asBefore
        isChangeUnderway = true
        return prepared
    }

    /// The catalog has the change.
    package func commit(_ prepared: Prepared) {
        precondition(isChangeUnderway, "a change is committed once")
        isChangeUnderway = false
        unchanged = [:]
        for id in prepared.seriesIDs { table.setStored(id) }
        updateViews()
        for (level, start, bucket) in prepared.buckets {
            starts[level.index].enter(start)
            for span in BucketSpan.all where span.level == level {
                for view in [nil] + views.keys.map({ $0 }) {
                    cache.remove(span.key(TimeSteps.start(of: start, span.nanoseconds), view))
                }
            }
            cache.put(bucket, CallBucketCache.Key(length: level.rawValue, start: start))
            show(bucket, BucketSpan(level), start)
            if level == .day {
                let isLatest = starts[level.index].last == start
                for id in bucket.ids { table.use(id, onDay: start, isLatest: isLatest) }
            }
        }
        foldedCallCount += prepared.foldedCallCount
        expiredCallCount += prepared.expiredCallCount
    }

    /// The catalog does not have the change; the same counts may be prepared once more.
    package func discard(_ prepared: Prepared) {
        precondition(isChangeUnderway, "a change is discarded once")
        isChangeUnderway = false
        unchanged = [:]
    }

    private func bucket(
        of totals: [CallSeries: CallTotals], _ prepared: inout Prepared, _ newIDs: inout Set<UInt32>
    ) -> CallBucket {
        var entries: [(id: UInt32, totals: CallTotals)] = []
        entries.reserveCapacity(totals.count)
        for (series, totals) in totals {
            let (id, isFolded) = table.id(of: series)
            if isFolded { prepared.foldedCallCount += totals.callCount }
            if !table.isStored(id) { newIDs.insert(id) }
            entries.append((id, totals))
        }
        entries.sort { $0.id < $1.id }
        var merged: [(id: UInt32, totals: CallTotals)] = []
        merged.reserveCapacity(entries.count)
        for entry in entries {
            if let last = merged.last, last.id == entry.id {
                merged[merged.count - 1].totals.merge(entry.totals)
            } else {
                merged.append(entry)
            }
        }
        return CallBucket(merged)
    }
}
