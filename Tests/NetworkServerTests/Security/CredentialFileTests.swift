import FoundationEssentials
import Glibc
import Testing

@testable import NetworkServer

@Suite struct CredentialFileTests {
    private static let text = """
        # Who may send.
        basic anna:correct horse: battery

          basic zoë:pässwörd
        BEARER abc.def-123~+/==
        bearer \(String(repeating: "t", count: 500))
        """

    private func allows(_ file: CredentialFile, _ authorization: String) -> Bool {
        allows(file, Array(authorization.utf8))
    }

    private func allows(_ file: CredentialFile, _ authorization: [UInt8]) -> Bool {
        file.allows(authorization: authorization.span)
    }

    private func basic(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test func `each credential of the file is allowed, in whatever case its scheme is written`() throws {
        let files = try TestFiles()
        let file = try CredentialFile(path: files.write("credentials", Self.text))
        #expect(file.credentialCount == 4 && file.warnings.isEmpty)
        for scheme in ["Basic", "basic", "BASIC"] {
            #expect(allows(file, "\(scheme) \(basic("anna:correct horse: battery"))"))
            #expect(allows(file, "\(scheme)  \(basic("zoë:pässwörd")) "))
        }
        #expect(allows(file, "Bearer abc.def-123~+/=="))
        #expect(allows(file, "bearer\t" + String(repeating: "t", count: 500)))
    }

    @Test func `nothing else is allowed`() throws {
        let files = try TestFiles()
        let file = try CredentialFile(path: files.write("credentials", Self.text))
        let anna = basic("anna:correct horse: battery")
        for authorization in [
            "", " ", "Basic", "Basic ", "Bearer", "Bearer ", anna, "Digest \(anna)", "Bearer \(anna)", "Basic \(anna)x",
            "Basic \(anna.dropLast(3))", "Basic x\(anna)", "Basic\(anna)", "Basic \(basic("anna:"))",
            "Basic \(basic(":"))",
            "Basic \(basic("anna:correct horse: batterz"))", "Basic \(basic("Anna:correct horse: battery"))",
            "Basic \(anna) \(anna)", "Basic \(anna), Basic \(anna)", "Basic anna:correct horse: battery",
            "Basic abc.def-123~+/==", "Bearer abc.def-123~+/=", "Bearer abc.def-123~+/===", "Bearer ABC.DEF-123~+/==",
            "Bearer abc.def-123~+/==\0", "Bearer " + String(repeating: "t", count: 499),
            "Bearer " + String(repeating: "t", count: 501), "Bearer " + String(repeating: "t", count: 100_000),
            "Bearer " + String(repeating: "\0", count: 500), "basic anna",
        ] {
            #expect(!allows(file, authorization), "\(authorization.prefix(80))")
        }
    }

    @Test func `any changed byte of a credential is refused`() throws {
        let files = try TestFiles()
        let secret = "abcdefghijklmnopqrstuvwxyz0123456789"
        let file = try CredentialFile(path: files.write("credentials", "bearer \(secret)\nbearer other"))
        var sent = Array("bearer \(secret)".utf8)
        #expect(allows(file, sent))
        for index in "bearer ".utf8.count..<sent.count {
            for bit in 0..<8 {
                sent[index] ^= 1 << UInt8(bit)
                #expect(!allows(file, sent), "byte \(index), bit \(bit)")
                sent[index] ^= 1 << UInt8(bit)
            }
        }
    }

    @Test(arguments: 100..<150)
    func `secrets of any length around that of a slot are told apart`(byteCount: Int) throws {
        let files = try TestFiles()
        let secret = String(repeating: "s", count: byteCount)
        let file = try CredentialFile(path: files.write("credentials", "bearer short\nbearer \(secret)"))
        #expect(allows(file, "Bearer \(secret)") && allows(file, "Bearer short"))
        #expect(!allows(file, "Bearer \(secret)s") && !allows(file, "Bearer \(secret.dropLast())"))
        #expect(!allows(file, "Bearer \(secret)\0"))
    }

    @Test func `the challenges are those of the file's schemes`() throws {
        let files = try TestFiles()
        let basic = "Basic realm=\"skein\", charset=\"UTF-8\""
        let bearer = "Bearer realm=\"skein\""
        for (text, challenges) in [
            ("bearer t\nbasic u:p", [basic, bearer]), ("basic u:p", [basic]), ("bearer t", [bearer]),
        ] {
            #expect(try CredentialFile(path: files.write("credentials", text)).challenges == challenges)
        }
    }

    @Test(arguments: [
        ("basic", "'basic' must be followed by USER:PASSWORD"),
        ("basic s3cret", "'basic' must be followed by USER:PASSWORD"),
        ("basic :s3cret", "'basic' must be followed by USER:PASSWORD"),
        ("basic s3cret:", "'basic' must be followed by USER:PASSWORD"),
        ("bearer", "'bearer' must be followed by one token without blanks"),
        ("bearer s3cret s3cret", "'bearer' must be followed by one token without blanks"),
        ("bearer s3crèt", "a token may hold ASCII characters only"),
        ("s3cret", "it begins neither with 'basic' nor with 'bearer'"),
        ("anna:s3cret", "it begins neither with 'basic' nor with 'bearer'"),
        ("basic anna:s3cret\0", "a control character is in it"),
        ("basic anna:s3cret\rx", "a control character is in it"),
    ])
    func `a line that is no credential is named, and not said`(line: String, reason: String) throws {
        let files = try TestFiles()
        let path = try files.write("credentials", "# first\nbearer good\n\(line)\nbearer better\n")
        #expect {
            try CredentialFile(path: path)
        } throws: { error in
            let message = "\(error)"
            // The folder's name is random, and may look like the secret.
            let isSecretSaid = message.replacing(path, with: "").contains("s3")
            return message == "credential file \(path), line 3: \(reason)" && !isSecretSaid
        }
    }

    @Test func `a file without credentials is an error`() throws {
        let files = try TestFiles()
        for text in ["", "\n\n", "# basic anna:secret\n", "\u{feff}"] {
            let path = try files.write("credentials", text)
            #expect(throws: CredentialError.self) { try CredentialFile(path: path) }
        }
        let path = files.path("nowhere")
        #expect {
            try CredentialFile(path: path)
        } throws: { "\($0)" == "credential file \(path): no such file" }
        let many = try files.write("many", String(repeating: "bearer t\n", count: 1001))
        #expect(throws: CredentialError.self) { try CredentialFile(path: many) }
    }

    @Test func `ends of lines and marks of other systems do not count`() throws {
        let files = try TestFiles()
        let path = try files.write("credentials", "\u{feff}bearer first\r\n# more\r\n\r\nbearer last")
        let file = try CredentialFile(path: path)
        #expect(file.credentialCount == 2)
        #expect(allows(file, "Bearer first") && allows(file, "Bearer last"))
    }

    @Test func `a file that everybody may read is warned of`() throws {
        let files = try TestFiles()
        let path = try files.write("credentials", "bearer t", mode: 0o644)
        let file = try CredentialFile(path: path)
        #expect(file.warnings == ["credential file \(path): every account of this machine may read it"])
        chmod(path, 0o640)
        #expect(file.reloadIfChanged() == .reloaded)
        #expect(file.warnings.isEmpty)
    }

    @Test func `a changed file is taken, a broken one is not`() throws {
        let files = try TestFiles()
        let path = try files.write("credentials", "bearer old")
        let file = try CredentialFile(path: path)
        #expect(file.reloadIfChanged() == .unchanged)
        try files.write("credentials", "bearer new")
        #expect(allows(file, "Bearer old"))
        #expect(file.reloadIfChanged() == .reloaded)
        #expect(allows(file, "Bearer new") && !allows(file, "Bearer old"))
        try files.write("credentials", "bearer newer\nnonsense")
        let reason = "line 2: it begins neither with 'basic' nor with 'bearer'"
        #expect(file.reloadIfChanged() == .failed("credential file \(path), \(reason)"))
        #expect(file.reloadIfChanged() == .unchanged)
        #expect(allows(file, "Bearer new") && !allows(file, "Bearer newer"))
        unlink(path)
        #expect(file.reloadIfChanged() == .failed("credential file \(path): no such file"))
        #expect(allows(file, "Bearer new"))
        try files.write("credentials", "bearer newest")
        #expect(file.reloadIfChanged() == .reloaded)
        #expect(allows(file, "Bearer newest") && !allows(file, "Bearer new"))
    }
}
