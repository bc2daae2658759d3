import Testing

@testable import Bytes

@Suite struct ColumnBufferTests {
    @Test func `elements stay while the column grows`() {
        var column = ColumnBuffer<Int32>(capacity: 0)
        for value in Int32(0)..<1000 { column.append(value) }
        #expect(column.count == 1000 && Array(column.elements) == Array(0..<1000))
        #expect(column.bytes.count == 4000 && column[999] == 999)
        column[3] = -1
        #expect(column[3] == -1)
        column.truncate(to: 4)
        column.append(repeating: 9, count: 3)
        column.append(repeating: 9, count: 0)
        [Int32](5...7).withUnsafeBufferPointer { column.append(contentsOf: $0) }
        column.append(contentsOf: UnsafeBufferPointer(start: nil, count: 0))
        #expect(Array(column.elements) == [0, 1, 2, -1, 9, 9, 9, 5, 6, 7])
    }

    @Test func `what is written to a column's room is taken in when it is extended`() {
        var column = ColumnBuffer<UInt32>(capacity: 1)
        column.append(5)
        let room = column.room(for: 100)
        for index in 0..<100 { room[index] = UInt32(index) }
        #expect(column.count == 1)
        column.extend(by: 3)
        #expect(Array(column.elements) == [5, 0, 1, 2])
        column.extend(by: 97)
        #expect(column.count == 101 && column[100] == 99)
    }

    @Test func `an emptied column may be filled again, whatever room it kept`() {
        for kept in [0, 1, 10, 100, Int.max] {
            var column = ColumnBuffer<UInt8>(capacity: 2)
            column.append(repeating: 1, count: 50)
            column.removeAll(keepingCapacityUpTo: kept)
            #expect(column.count == 0 && column.bytes.isEmpty)
            column.append(repeating: 2, count: 70)
            #expect(column.elements.allSatisfy { $0 == 2 } && column.count == 70)
        }
    }

    @Test func `an index outside ends the program`() async {
        await #expect(processExitsWith: .failure) {
            let column = ColumnBuffer<UInt8>(capacity: 8)
            _ = column[0]
        }
        await #expect(processExitsWith: .failure) {
            var column = ColumnBuffer<UInt8>(capacity: 8)
            column.truncate(to: 1)
        }
    }
}
