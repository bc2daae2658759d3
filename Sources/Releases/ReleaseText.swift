internal import Terminal

package enum ReleaseText {
    /// A part of a whole for people, such as `9.8 %`.
    package static func percent(_ share: Double) -> String {
        NumberText.percent(share)
    }
}
