/// How much one body may bring.
public struct SpanLimits: Sendable {
    /// Spans; more are refused.
    public var spanCountMax: Int
    /// Attributes of one span; more are refused.
    public var attributeCountMax: Int
    /// Bytes of one string; longer ones are cut, and the span says so in an attribute.
    public var valueByteCountMax: Int

    public init(spanCountMax: Int = 100_000, attributeCountMax: Int = 1_024, valueByteCountMax: Int = 65_536) {
        precondition(spanCountMax >= 0 && attributeCountMax >= 0 && valueByteCountMax >= 0, "limits are not negative")
        self.spanCountMax = spanCountMax
        self.attributeCountMax = attributeCountMax
        self.valueByteCountMax = valueByteCountMax
    }

    /// Key of the attribute that counts how many strings of its span were cut.
    public static let cutCountKey: StaticString = "skein.truncated"
}
