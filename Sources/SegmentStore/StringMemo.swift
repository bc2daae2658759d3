internal import TraceModel

/// Numbers that strings of a segment's dictionary have in the builder at hand: most of a trace's spans have the same.
///
/// For one thread at a time. One slot for many strings; the last that was asked for has it.
final class StringMemo {
    /// A dictionary's number, and the builder's.
    private struct Slot: BitwiseCopyable {
        var number: UInt32
        var reference: UInt32
    }

    private let slots: UnsafeMutablePointer<Slot>

    private static let slotCount = 512

    init() {
        slots = .allocate(capacity: Self.slotCount)
        removeAll()
    }

    deinit { slots.deallocate() }

    /// To be called for each new builder.
    func removeAll() {
        // The empty string has number 0 everywhere; no other string falls into its slot for it.
        slots.update(repeating: Slot(number: 0, reference: 0), count: Self.slotCount)
    }

    /// The number of a dictionary's string in the builder.
    @inline(__always)
    func reference(
        _ number: UInt32, _ dictionary: SegmentDictionary, _ builder: inout SpanBatchBuilder
    ) -> UInt32 {
        let slot = slots + Int(number & UInt32(Self.slotCount - 1))
        if slot.pointee.number == number { return slot.pointee.reference }
        let reference = dictionary.withString(number) { builder.intern($0) }
        slot.pointee = Slot(number: number, reference: reference)
        return reference
    }
}
