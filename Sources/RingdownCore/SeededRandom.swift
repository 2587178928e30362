/// A SplitMix64 generator. The same seed produces the same numbers on every machine.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Returns a number in `0..<limit`.
    package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// Returns a number from a uniform distribution in `0..<1`.
    package mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// Returns `count` random characters from an alphabet.
    package mutating func text(_ count: Int, from alphabet: [Character]) -> String {
        String((0..<count).map { _ in alphabet[below(alphabet.count)] })
    }

    /// Returns a version 4 UUID in lower case. `end` sets its last eight digits.
    package mutating func uuid(endingIn end: UInt32? = nil) -> String {
        let (high, random) = (next() & ~0xF000 | 0x4000, next() & ~(3 << 62) | 1 << 63)
        let low = end.map { random & ~0xFFFF_FFFF | UInt64($0) } ?? random
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            func append(_ digits: Int, of number: UInt64, from shift: Int) {
                for shift in stride(from: shift, to: shift - digits * 4, by: -4) {
                    let value = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 15
                    text[place] = value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
                    place += 1
                }
            }
            func appendDash() {
                text[place] = UInt8(ascii: "-")
                place += 1
            }
            append(8, of: high, from: 60)
            appendDash()
            append(4, of: high, from: 28)
            appendDash()
            append(4, of: high, from: 12)
            appendDash()
            append(4, of: low, from: 60)
            appendDash()
            append(12, of: low, from: 44)
            return place
        }
    }
}
