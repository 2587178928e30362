internal import CCurl
internal import RingdownCore

/// Sets options on a handle and records the first failure.
final class CurlOptions {
    private let easy: UnsafeMutableRawPointer
    private var failure = CURLE_OK

    /// The error for the first rejected option; nil if all were accepted.
    var error: TransportError? {
        guard failure != CURLE_OK else { return nil }
        let reason = String(cString: rd_easy_strerror(failure))
        return TransportError(.setup, place: "libcurl", message: "libcurl rejected an option: \(reason)")
    }

    init(_ easy: UnsafeMutableRawPointer) {
        self.easy = easy
    }

    func set(_ option: CURLoption, _ value: Int) { note(rd_setopt_long(easy, option, value)) }
    func setSize(_ option: CURLoption, _ value: Int) { note(rd_setopt_off(easy, option, curl_off_t(value))) }
    func set(_ option: CURLoption, _ value: String?) { note(rd_setopt_text(easy, option, value)) }
    func set(_ option: CURLoption, _ value: UnsafeRawPointer?) { note(rd_setopt_pointer(easy, option, value)) }
    func set(_ option: CURLoption, _ value: @escaping rd_data_callback) {
        note(rd_setopt_callback(easy, option, value))
    }

    private func note(_ code: CURLcode) {
        if failure == CURLE_OK { failure = code }
    }
}
