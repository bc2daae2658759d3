/// What a sealing changes of the remembered decisions on traces.
public struct DecisionChange: Sendable, Equatable {
    /// What was decided in one sealing. What its content means is not known here.
    public struct Row: Sendable, Equatable {
        /// Ascending.
        public var id: Int64
        public var content: [UInt8]

        public init(id: Int64, content: [UInt8]) {
            self.id = id
            self.content = content
        }
    }

    public var row: Row
    /// Rows up to this one are forgotten.
    public var lastForgottenID: Int64

    public init(row: Row, lastForgottenID: Int64) {
        self.row = row
        self.lastForgottenID = lastForgottenID
    }
}
