import Testing
import Compression
@Suite struct InflaterTests {}
