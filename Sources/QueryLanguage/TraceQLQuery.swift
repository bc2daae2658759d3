/// A query in TraceQL: which spans of which traces are sought, and what is to be told of them.
///
/// A value of this type says what was written, not how it is met; `TraceQLMatcher` says that.
/// Source: https://grafana.com/docs/tempo/latest/traceql/
public struct TraceQLQuery: Hashable, Sendable {
    public var pipeline: Pipeline

    public init(pipeline: Pipeline) { self.pipeline = pipeline }

    /// Stages, each of which takes the spansets that the one before it left. The first is of spansets.
    public struct Pipeline: Hashable, Sendable {
        public var stages: [Stage]

        public init(stages: [Stage]) { self.stages = stages }
    }

    public enum Stage: Hashable, Sendable {
        /// Of a spanset that came in, the spans that these are about too.
        case spansets(Spansets)
        /// Keeps the spansets of which this is true: `count() > 2`.
        case scalarFilter(Scalar, Comparison, Scalar)
        /// One spanset for each value: `by(resource.service.name)`.
        case group(Expression)
        /// One spanset of all that a group made: `coalesce()`.
        case coalesce
        /// Fields that are told of each span: `select(span.http.url)`.
        case select([Field])
    }

    public indirect enum Spansets: Hashable, Sendable {
        /// Spans of which an expression is true; nil: every span, `{ }`.
        case filter(Expression?)
        case combined(Spansets, SpansetOperator, Spansets)
        /// In parentheses: `({ } | count() > 2)`.
        case pipeline(Pipeline)
    }

    /// How two spansets of one trace make one. The relations give the spans on the right, the `union` ones those on
    /// both sides, the `not` ones those on the right that stand in no such relation to any on the left.
    public enum SpansetOperator: String, Hashable, Sendable, CaseIterable {
        case and = "&&"
        case or = "||"
        case child = ">"
        case descendant = ">>"
        case parent = "<"
        case ancestor = "<<"
        case sibling = "~"
        case notChild = "!>"
        case notDescendant = "!>>"
        case notParent = "!<"
        case notAncestor = "!<<"
        case notSibling = "!~"
        case unionChild = "&>"
        case unionDescendant = "&>>"
        case unionParent = "&<"
        case unionAncestor = "&<<"
        case unionSibling = "&~"
    }

    /// About one span.
    public indirect enum Expression: Hashable, Sendable {
        case literal(Literal)
        case field(Field)
        case negative(Expression)
        case not(Expression)
        case arithmetic(Expression, Arithmetic, Expression)
        case comparison(Expression, Comparison, Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
    }

    /// About a spanset.
    public indirect enum Scalar: Hashable, Sendable {
        case literal(Literal)
        case count
        case aggregate(Aggregate, Expression)
        case negative(Scalar)
        case arithmetic(Scalar, Arithmetic, Scalar)
    }

    public enum Aggregate: String, Hashable, Sendable, CaseIterable {
        case average = "avg"
        case minimum = "min"
        case maximum = "max"
        case sum
    }

    public enum Arithmetic: String, Hashable, Sendable, CaseIterable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case dividedBy = "/"
        case modulo = "%"
        case power = "^"
    }

    public enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        /// A regular expression that matches the whole text.
        case matches = "=~"
        case notMatches = "!~"
    }

    public enum Literal: Hashable, Sendable {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
        /// Nanoseconds.
        case duration(Int64)
        case status(Status)
        case kind(Kind)
        /// No value: `!= nil` asks whether there is one.
        case none
    }

    public enum Status: String, Hashable, Sendable, CaseIterable {
        case ok, error, unset
    }

    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case unspecified, `internal`, server, client, producer, consumer
    }

    public enum Field: Hashable, Sendable {
        case attribute(Scope, key: String)
        case intrinsic(Intrinsic)
        /// Of the span's parent.
        indirect case ofParent(Field)
    }

    /// Whose attribute it is.
    public enum Scope: String, Hashable, Sendable, CaseIterable {
        /// The span's, or if it has none of that key its resource's: `.key`.
        case any = ""
        case span
        case resource
        case event
        case link
        case instrumentation
    }

    /// Facts that are no attributes. The names are those that are listed; the parser knows others for the same.
    public enum Intrinsic: String, Hashable, Sendable, CaseIterable {
        case name
        case kind
        case status
        case statusMessage
        /// Nanoseconds, as all times.
        case duration
        case spanID = "span:id"
        case parentID = "span:parentID"
        case childCount = "span:childCount"
        case traceID = "trace:id"
        case traceDuration
        case rootName
        case rootServiceName
        case eventName = "event:name"
        case eventTimeSinceStart = "event:timeSinceStart"
        case linkTraceID = "link:traceID"
        case linkSpanID = "link:spanID"
        case instrumentationName = "instrumentation:name"
        case instrumentationVersion = "instrumentation:version"
        case nestedSetLeft
        case nestedSetRight
        /// -1 for a root: `{ nestedSetParent < 0 }`.
        case nestedSetParent
    }
}
