// Writes yesterday's conversations to a file, one line of JSON each, byte for byte. Usage: NightlyExport FILE
//
// The client waits for rate limits and outages, replaces an expired token, and returns each conversation once.
import Foundation
import Ringdown

guard CommandLine.arguments.count == 2 else {
    print("usage: NightlyExport FILE")
    exit(64)
}
let midnight = (Date().timeIntervalSince1970 / 86400).rounded(.down) * 86400
let yesterday = try Interval(ISO8601DateFormatter.day(midnight - 86400) + "/" + ISO8601DateFormatter.day(midnight))
let client = try APIClient(.environment)

var lines = Data()
for try await conversation in client.conversations(in: yesterday) {
    lines += conversation.json + [0x0A]
}
// The write is atomic: readers of the file never see a part of a day.
try lines.write(to: URL(filePath: CommandLine.arguments[1]), options: .atomic)
print("\(lines.count { $0 == 0x0A }) conversations of \(yesterday)")

extension ISO8601DateFormatter {
    static func day(_ seconds: Double) -> String {
        String(ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds)).prefix(10))
    }
}
