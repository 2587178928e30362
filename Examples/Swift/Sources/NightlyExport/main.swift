// Yesterday's conversations into a file, a line of JSON each, as the platform wrote them: NightlyExport FILE
//
// The client waits for limits and outages, replaces the token when it ends, and gives each conversation once.
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
// All or nothing: who reads the file never finds half a day.
try lines.write(to: URL(filePath: CommandLine.arguments[1]), options: .atomic)
print("\(lines.count { $0 == 0x0A }) conversations of \(yesterday)")

extension ISO8601DateFormatter {
    static func day(_ seconds: Double) -> String {
        String(ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds)).prefix(10))
    }
}
