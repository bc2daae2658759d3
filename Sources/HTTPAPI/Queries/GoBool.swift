/// Yes and no as Go reads them.
package enum GoBool {
    /// Nil for what is neither.
    package static func value(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
