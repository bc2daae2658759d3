internal import FoundationEssentials
internal import Glibc

/// A new folder that is removed, with all that is in it, when the last reference goes.
public final class TemporaryFolder: Sendable {
    public let path: String

    /// - Parameter isInMemory: below `/dev/shm` where there is one: for tests that sync without end, and lose no power.
    public init(isInMemory: Bool = false) throws {
        let isShared = isInMemory && access("/dev/shm", W_OK) == 0
        let parent = isShared ? "/dev/shm" : getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/skein-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw TestSupportError("no folder can be made in \(parent): \(systemErrorText(errno))")
        }
        path = String(cString: made)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// What went wrong in the tests' own tools, in words.
public struct TestSupportError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

func systemErrorText(_ code: Int32) -> String {
    String(cString: strerror(code))
}

extension TemporaryFolder {
    /// Paths of the files that hold the text as it is.
    public func files(containing text: String) throws -> [String] {
        let manager = FileManager.default
        let wanted = Data(text.utf8)
        return try manager.subpathsOfDirectory(atPath: path).filter { name in
            guard let content = manager.contents(atPath: path + "/" + name) else { return false }
            return content.firstRange(of: wanted) != nil
        }
    }
}
