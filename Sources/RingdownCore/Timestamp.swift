#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A wall clock time in seconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var secondsSince1970: Double

    public init(secondsSince1970: Double) {
        self.secondsSince1970 = secondsSince1970
    }

    /// Returns the current time of the system clock.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(secondsSince1970: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }
    public static func + (instant: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(secondsSince1970: instant.secondsSince1970 + duration.inSeconds)
    }
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .seconds(left.secondsSince1970 - right.secondsSince1970)
    }

    /// The time in the format of RFC 3339, in UTC with milliseconds: `2026-11-21T08:00:00.000Z`.
    public var rfc3339: String {
        let milliseconds = Int((secondsSince1970 * 1000).rounded())
        let (whole, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let date = Self.civil(fraction < 0 ? whole - 1 : whole)
        return "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))T"
            + "\(pad(date.hour, 2)):\(pad(date.minute, 2)):\(pad(date.second, 2))"
            + ".\(pad(fraction < 0 ? fraction + 1000 : fraction, 3))Z"
    }

    /// Parses RFC 3339 (`2026-11-21T08:00:00.000Z`). The fraction is optional, any offset is accepted, and a date alone is
    /// midnight UTC.
    public init?(rfc3339 text: String) {
        let text = text.uppercased()
        let fields = text.split { "-T:+Zz. ".contains($0) }.map(String.init)
        guard fields.count >= 3, fields.allSatisfy({ $0.allSatisfy(\.isNumber) }), text.hasPrefix(fields[0] + "-")
        else { return nil }
        let numbers = fields.compactMap { Int($0) }
        guard numbers.count == fields.count, (1...9999).contains(numbers[0]), (1...12).contains(numbers[1]),
            (1...31).contains(numbers[2])
        else { return nil }
        var seconds = Self.seconds(numbers[0], numbers[1], numbers[2])
        // February 30 would become a day in March.
        guard Self.civil(Int(seconds)).day == numbers[2] else { return nil }
        guard fields.count > 3 else {
            guard text.count == 10 else { return nil }
            self.init(secondsSince1970: seconds)
            return
        }
        guard fields.count >= 6, numbers[3] < 24, numbers[4] < 60, numbers[5] < 61 else { return nil }
        seconds += Double(numbers[3] * 3600 + numbers[4] * 60 + numbers[5])
        let rest = text.dropFirst(19)
        let fraction = rest.first == "." ? rest.dropFirst().prefix(while: \.isNumber) : ""
        seconds += fraction.isEmpty ? 0 : (Double("0." + fraction) ?? 0)
        let zone = rest.dropFirst(fraction.isEmpty ? 0 : fraction.count + 1)
        if zone == "Z" {
            self.init(secondsSince1970: seconds)
            return
        }
        let parts = zone.dropFirst().split(separator: ":").compactMap { Int($0) }
        guard let sign = zone.first, sign == "+" || sign == "-", parts.count == 2, parts[0] < 24, parts[1] < 60 else {
            return nil
        }
        let offset = Double(parts[0] * 3600 + parts[1] * 60)
        self.init(secondsSince1970: sign == "+" ? seconds - offset : seconds + offset)
    }

    private static func seconds(_ year: Int, _ month: Int, _ day: Int) -> Double {
        var date = tm()
        (date.tm_year, date.tm_mon, date.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(day))
        return Double(timegm(&date))
    }

    /// The time in the format of HTTP (RFC 9110 section 5.6.7): `Sat, 21 Nov 2026 08:00:00 GMT`.
    public var httpDate: String {
        let date = Self.civil(Int(secondsSince1970.rounded(.down)))
        return "\(Self.days[date.weekday]), \(pad(date.day, 2)) \(Self.months[date.month - 1]) \(pad(date.year, 4)) "
            + "\(pad(date.hour, 2)):\(pad(date.minute, 2)):\(pad(date.second, 2)) GMT"
    }

    /// Parses any of the three formats that HTTP allows: IMF-fixdate, RFC 850 and asctime.
    public init?(httpDate text: String) {
        let fields = text.split { " ,-".contains($0) }.map(String.init)
        guard fields.count >= 5 else { return nil }
        let isAsctime = Self.months.contains(fields[1])
        let (dayText, monthText) = isAsctime ? (fields[2], fields[1]) : (fields[1], fields[2])
        let (yearText, clock) = isAsctime ? (fields[4], fields[3]) : (fields[3], fields[4])
        let parts = clock.split(separator: ":").compactMap { Int32($0) }
        guard let day = Int32(dayText), (1...31).contains(day), let month = Self.months.firstIndex(of: monthText),
            var year = Int32(yearText), (0...9999).contains(year), parts.count == 3,
            (0...23).contains(parts[0]), (0...59).contains(parts[1]), (0...60).contains(parts[2])
        else { return nil }
        if yearText.count == 2 { year += year < 70 ? 2000 : 1900 }
        var date = tm()
        (date.tm_year, date.tm_mon, date.tm_mday) = (year - 1900, Int32(month), day)
        (date.tm_hour, date.tm_min, date.tm_sec) = (parts[0], parts[1], parts[2])
        self.init(secondsSince1970: Double(timegm(&date)))
    }

    public var description: String { rfc3339 }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private struct Civil {
        var year, month, day, hour, minute, second, weekday: Int
    }

    private static func civil(_ seconds: Int) -> Civil {
        var time = time_t(seconds)
        var date = tm()
        gmtime_r(&time, &date)
        return Civil(
            year: Int(date.tm_year) + 1900, month: Int(date.tm_mon) + 1, day: Int(date.tm_mday),
            hour: Int(date.tm_hour), minute: Int(date.tm_min), second: Int(date.tm_sec), weekday: Int(date.tm_wday)
        )
    }
}

private func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Duration {
    /// The duration in seconds, including the fraction.
    public var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// The duration in whole nanoseconds.
    public var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
