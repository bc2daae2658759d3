/// Plain values in one piece of memory that grows at the end and keeps its room when emptied.
///
/// For hot paths: no reference count, no copy on write. Subscripts are checked.
@frozen
public struct ColumnBuffer<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<Element>
    @usableFromInline var used: Int
    @usableFromInline var capacity: Int

    @inlinable
    public init(capacity: Int = 16) {
        self.capacity = max(capacity, 1)
        used = 0
        base = .allocate(capacity: self.capacity)
    }

    @inlinable
    deinit { base.deallocate() }

    /// The first element. Valid until the column grows.
    @inlinable @inline(__always)
    public var start: UnsafeMutablePointer<Element> { base }

    @inlinable @inline(__always)
    public var count: Int { used }

    @inlinable
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: count &* MemoryLayout<Element>.stride)
    }

    @inlinable
    public var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: start, count: count) }

    @inlinable
    public subscript(index: Int) -> Element {
        get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index within the column")
            return start[index]
        }
        set {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index within the column")
            start[index] = newValue
        }
    }

    @inlinable @inline(__always)
    public mutating func append(_ element: Element) {
        if count == capacity { grow(toHold: count &+ 1) }
        start[count] = element
        used &+= 1
    }

    /// Appends elements that lie elsewhere, not in this column.
    @inlinable
    public mutating func append(contentsOf other: UnsafeBufferPointer<Element>) {
        guard let from = other.baseAddress else { return }
        if count &+ other.count > capacity { grow(toHold: count &+ other.count) }
        (start + count).update(from: from, count: other.count)
        used &+= other.count
    }

    /// Appends `more` elements with the given value.
    @inlinable
    public mutating func append(repeating element: Element, count more: Int) {
        precondition(more >= 0, "a column grows")
        if count &+ more > capacity { grow(toHold: count &+ more) }
        (start + count).update(repeating: element, count: more)
        used &+= more
    }

    /// Room for `more` elements behind the last one, for the caller to write to. Valid until the column grows.
    @inlinable @inline(__always)
    public mutating func room(for more: Int) -> UnsafeMutablePointer<Element> {
        precondition(more >= 0, "room is not negative")
        if count &+ more > capacity { grow(toHold: count &+ more) }
        return start + count
    }

    /// Takes in `more` elements that were written to the column's room.
    @inlinable @inline(__always)
    public mutating func extend(by more: Int) {
        precondition(more >= 0 && more <= capacity &- count, "a column is extended into its room")
        used &+= more
    }

    /// Drops the elements from `newCount` on.
    @inlinable @inline(__always)
    public mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "a column is only shortened")
        used = newCount
    }

    /// Empties the column; gives its room back if it had grown beyond `capacityMax` elements.
    @inlinable
    public mutating func removeAll(keepingCapacityUpTo capacityMax: Int = .max) {
        used = 0
        if capacity > capacityMax {
            base.deallocate()
            capacity = max(capacityMax, 1)
            base = .allocate(capacity: capacity)
        }
    }

    @inlinable @inline(never)
    mutating func grow(toHold wanted: Int) {
        let newCapacity = max(wanted, capacity * 2)
        let moved = UnsafeMutablePointer<Element>.allocate(capacity: newCapacity)
        moved.update(from: start, count: count)
        base.deallocate()
        base = moved
        capacity = newCapacity
    }
}
