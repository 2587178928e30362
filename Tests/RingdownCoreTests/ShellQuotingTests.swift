import RingdownCore
import Testing

@Suite struct ShellQuotingTests {
    @Test(arguments: [
        ("", "''"), ("plain-word_1.2@x/y", "plain-word_1.2@x/y"), ("two words", "'two words'"), ("it's", #"'it'\''s'"#),
        ("$(id)", "'$(id)'"), ("a\nb", "'a\nb'"), ("~", "'~'"), ("é", "'é'"),
    ])
    func `a word is quoted if a shell would change it`(text: String, word: String) {
        #expect(shellWord(text) == word)
    }

    @Test func `a quoted text stays one word`() {
        #expect(shellQuoted("a'b") == #"'a'\''b'"#)
        #expect(shellQuoted("plain") == "'plain'")
    }
}
