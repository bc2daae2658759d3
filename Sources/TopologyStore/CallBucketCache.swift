/// Decoded buckets, those used last, up to a number of bytes.
struct CallBucketCache {
    struct Key: Hashable {
        /// Seconds.
        var length: Int64
        /// Nanoseconds since 1970.
        var start: Int64
        /// Whose series the bucket has; nil: all of them, each by itself.
        var view: SeriesView.Kind?
    }

    private var entries: [Key: (bucket: CallBucket, byteCount: Int, stamp: UInt64)] = [:]
    private var stamp: UInt64 = 0
    private let byteCountMax: Int
    private(set) var byteCount = 0

    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    var count: Int { entries.count }

    mutating func bucket(_ key: Key) -> CallBucket? {
        guard let index = entries.index(forKey: key) else { return nil }
        stamp += 1
        entries.values[index].stamp = stamp
        return entries.values[index].bucket
    }

    /// Keeps a bucket, in the place of the one that was there; not one that alone would take most of the room.
    mutating func put(_ bucket: CallBucket, _ key: Key) {
        remove(key)
        let size = bucket.byteCount
        guard size <= byteCountMax / 2 else { return }
        stamp += 1
        entries[key] = (bucket, size, stamp)
        byteCount += size
        if byteCount > byteCountMax { makeRoom() }
    }

    mutating func remove(_ key: Key) {
        if let removed = entries.removeValue(forKey: key) { byteCount -= removed.byteCount }
    }

    mutating func remove(where isGone: (Key) -> Bool) {
        for key in entries.keys.filter(isGone) { remove(key) }
    }

    /// Removes those used least lately until an eighth is free, so that it is not done for each.
    private mutating func makeRoom() {
        for (key, _) in entries.sorted(by: { $0.value.stamp < $1.value.stamp }) {
            if byteCount <= byteCountMax / 8 * 7 { return }
            remove(key)
        }
    }
}
