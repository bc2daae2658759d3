/// The blocks of one segment that a query has read: its traces often stand in the same ones.
///
/// For one thread at a time. Holds few: a query may pass over thousands.
public final class BlockMemory {
    private var readers: [(number: Int, reader: BlockReader)] = []
    /// Of the segment's strings in the builder that is being filled.
    private(set) lazy var memo = StringMemo()

    private static let countMax = 2

    public init() {}

    /// Forgets the blocks.
    public func removeAll() { readers.removeAll() }

    subscript(number: Int) -> BlockReader? {
        get { readers.first { $0.number == number }?.reader }
        set {
            guard let newValue else { return }
            if readers.count == Self.countMax { readers.removeFirst() }
            readers.append((number, newValue))
        }
    }
}
