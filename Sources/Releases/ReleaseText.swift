package enum ReleaseText {
    /// A part of a whole for people, such as `9.8 %`.
    package static func percent(_ share: Double) -> String {
        let tenths = (share * 1000).rounded()
        return tenths.truncatingRemainder(dividingBy: 10) == 0
            ? "\(Int(tenths) / 10) %" : "\(Int(tenths) / 10).\(Int(tenths) % 10) %"
    }
}
