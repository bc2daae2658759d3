/// Decoded buckets, those used last, up to a number of bytes. Where there are too many, those of all series go first:
/// they are large, and what views see of them is all that most questions need.
struct CallBucketCache {
    struct Key: Hashable {
        /// Seconds.
        var length: Int64
        /// Nanoseconds since 1970.
        var start: Int64
        /// Whose series the bucket has; nil: all of them, each by itself.
        var view: SeriesView.Kind?
    }

    private enum Content {
        case whole(CallBucket)
        case seen(SeenBucket)

        var isWhole: Bool { if case .whole = self { true } else { false } }
    }

    private var entries: [Key: (content: Content, byteCount: Int, stamp: UInt64)] = [:]
    private var stamp: UInt64 = 0
    private let byteCountMax: Int
    private(set) var byteCount = 0
    private var wholeByteCount = 0

    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    var count: Int { entries.count }

    mutating func bucket(_ key: Key) -> CallBucket? {
        if case .whole(let bucket) = content(key) { bucket } else { nil }
    }

    /// What a view sees of a bucket.
    mutating func seen(_ key: Key) -> SeenBucket? {
        if case .seen(let bucket) = content(key) { bucket } else { nil }
    }

    private mutating func content(_ key: Key) -> Content? {
        guard let index = entries.index(forKey: key) else { return nil }
        stamp += 1
        entries.values[index].stamp = stamp
        return entries.values[index].content
    }

    /// Keeps a bucket, in the place of the one that was there; not one that alone would take most of the room.
    mutating func put(_ bucket: CallBucket, _ key: Key) { put(.whole(bucket), bucket.byteCount, key) }

    mutating func put(_ bucket: SeenBucket, _ key: Key) { put(.seen(bucket), bucket.byteCount, key) }

    private mutating func put(_ content: Content, _ size: Int, _ key: Key) {
        remove(key)
        guard size <= byteCountMax / 2 else { return }
        stamp += 1
        entries[key] = (content, size, stamp)
        byteCount += size
        if content.isWhole { wholeByteCount += size }
        if byteCount > byteCountMax { makeRoom() }
    }

    mutating func remove(_ key: Key) {
        guard let removed = entries.removeValue(forKey: key) else { return }
        byteCount -= removed.byteCount
        if removed.content.isWhole { wholeByteCount -= removed.byteCount }
    }

    mutating func remove(where isGone: (Key) -> Bool) {
        for key in entries.keys.filter(isGone) { remove(key) }
    }

    /// Removes those used least lately until an eighth is free, so that it is not done for each. Buckets of all series
    /// keep a quarter.
    private mutating func makeRoom() {
        let byAge = entries.sorted { $0.value.stamp < $1.value.stamp }
        for (key, entry) in byAge where entry.content.isWhole {
            if byteCount <= byteCountMax / 8 * 7 || wholeByteCount - entry.byteCount < byteCountMax / 4 { break }
            remove(key)
        }
        for (key, _) in byAge {
            if byteCount <= byteCountMax / 8 * 7 { return }
            remove(key)
        }
    }
}
