// Appends numbered records until it is killed, and writes the number of each to standard output once it is
// acknowledged. Arguments: folder, sync mode (always, interval or never).
import Glibc
import Journal

let arguments = CommandLine.arguments
guard arguments.count == 3 else { exit(2) }
let mode: JournalSyncMode =
    switch arguments[2] {
    case "always": .always
    case "never": .never
    default: .interval(milliseconds: 20)
    }
let options = JournalOptions(syncMode: mode, partByteCountMax: 64 << 10)
let journal = try Journal(directory: arguments[1], options: options) { _, _ in }

for number in UInt64(0)... {
    while journal.statistics.queuedRecordCount > 256 { usleep(100) }
    // The number, then bytes that follow from it, of a length that follows from it.
    var bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
    for index in 0..<Int(number % 3000) { bytes.append(UInt8(truncatingIfNeeded: index &* Int(number % 251))) }
    let record = try bytes.withUnsafeBytes { try JournalRecord.pack($0) }
    journal.append(record) { outcome in
        guard case .success = outcome else { exit(1) }
        _ = withUnsafeBytes(of: number.littleEndian) { write(1, $0.baseAddress, 8) }
    }
    if number % 500 == 499 { _ = journal.rotate() }
}
