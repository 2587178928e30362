internal import RingdownCore

/// The credentials that the simulated platforms accept.
public struct Credentials: Sendable {
    public let genesysClientID: String
    public let genesysClientSecret: String
    public let cxoneClientID: String
    public let cxoneClientSecret: String
    public let cxoneAccessKeyID: String
    /// 56 characters that end with `====`, like real secrets (`cxone.md` section 1.1).
    public let cxoneAccessKeySecret: String
    public let cxoneTenantID: String

    /// The credentials after a number of secret rotations.
    func rotated(_ times: Int) -> Credentials {
        if times == 0 { return self }
        return Credentials(
            genesysClientID: genesysClientID, genesysClientSecret: "\(genesysClientSecret)-\(times)",
            cxoneClientID: cxoneClientID, cxoneClientSecret: "\(cxoneClientSecret)-\(times)",
            cxoneAccessKeyID: cxoneAccessKeyID, cxoneAccessKeySecret: cxoneAccessKeySecret, cxoneTenantID: cxoneTenantID
        )
    }
}

/// Generated data as a function of a seed. No data is stored per user, so the number of users is not limited by memory.
final class DataSet: Sendable {
    let seed: UInt64
    let userCount: Int
    let credentials: Credentials
    let genesysOrganizationID: String
    let genesysDivisionID: String
    let genesysRoleID: String
    let cxoneBusinessUnitID = 4_597_359
    let cxoneUserID: String

    init(_ options: Simulator.Options, seed: UInt64) {
        self.seed = seed
        userCount = options.userCount
        var random = SeededRandom(seed: seed)
        // If an encoding is required, secrets contain characters for which the encodings differ.
        let reserved = options.secretEncoding == .any ? "" : "+/%="
        credentials = Credentials(
            genesysClientID: random.uuid(),
            genesysClientSecret: options.genesysClientSecret ?? random.text(43, from: base64URL) + reserved,
            cxoneClientID: random.uuid(), cxoneClientSecret: random.text(48, from: base64URL) + reserved,
            cxoneAccessKeyID: random.text(52, from: base32) + "====",
            cxoneAccessKeySecret: random.text(52, from: base32) + "====",
            cxoneTenantID: random.uuid()
        )
        genesysOrganizationID = random.uuid()
        genesysDivisionID = random.uuid()
        genesysRoleID = random.uuid()
        cxoneUserID = random.uuid()
    }

    let queueCount = 12

    func queueID(_ index: Int) -> String { id(0x9_0000, index) }

    /// The ID of an object by its kind and index.
    func id(_ kind: UInt64, _ index: Int) -> String {
        var random = SeededRandom(seed: seed &+ kind &+ UInt64(index))
        return random.uuid()
    }

    /// The mask of a bijection between a user's index and the last 32 bits of the ID, for a lookup without a search.
    private var mask: UInt32 { UInt32(truncatingIfNeeded: (seed &* 0x9E37_79B9_7F4A_7C15) >> 32) }
    private func scrambled(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: index) &* 0x9E37_79B1 ^ mask }
    private func unscrambled(_ number: UInt32) -> Int { Int((number ^ mask) &* 0x0E8B_2F51) }

    /// The index of the person with an ID, or nil. The index can exceed the number of users.
    func index(ofAnyone id: String) -> Int? {
        guard id.utf8.count == 36, let end = UInt32(id.suffix(8), radix: 16) else { return nil }
        let index = unscrambled(end)
        return person(index).id == id ? index : nil
    }

    /// The index of the user with an ID, or nil.
    func index(ofPerson id: String) -> Int? {
        index(ofAnyone: id).flatMap { $0 < userCount ? $0 : nil }
    }

    /// The index of the user with an e-mail address, or nil. The address contains the index.
    func index(ofEmail address: String) -> Int? {
        let parts = address.split(separator: "@").first?.split(separator: ".") ?? []
        guard let number = parts.last.flatMap({ Int($0) }), number >= 1, number <= userCount,
            person(number - 1).email == address.lowercased()
        else { return nil }
        return number - 1
    }

    /// A generated person. The result depends only on the seed and the index.
    func person(_ index: Int) -> Person {
        var random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index) &+ 1)
        let first = firstNames[random.below(firstNames.count)]
        let last = lastNames[random.below(lastNames.count)]
        return Person(
            index: index, id: random.uuid(endingIn: scrambled(index)), firstName: first, lastName: last,
            email: "\(first.lowercased()).\(last.lowercased()).\(index + 1)@example.com",
            title: titles[random.below(titles.count)], department: departments[random.below(departments.count)],
            phone: "+1317555\(1000 + random.below(9000))", version: 1 + random.below(40), isActive: random.below(50) > 0
        )
    }
}

struct Person {
    let index: Int
    let id: String
    let firstName: String
    let lastName: String
    let email: String
    let title: String
    let department: String
    let phone: String
    let version: Int
    let isActive: Bool
}

private let base64URL = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
private let base32 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
private let titles = ["Agent", "Senior Agent", "Supervisor", "Team Lead", "Quality Analyst", "Workforce Planner"]
private let departments = ["Sales", "Support", "Billing", "Retention", "Operations"]
private let firstNames = [
    "Ada", "Alan", "Amara", "Anders", "Barbara", "Bjarne", "Carol", "Chidi", "Dana", "Dennis", "Edsger", "Elena",
    "Emil",
    "Fatima", "Frances", "Grace", "Hedy", "Ines", "Ivan", "Jean", "Joan", "Kenji", "Lars", "Leila", "Linus", "Mae",
    "Margaret", "Mei", "Niklaus", "Noor", "Olga", "Omar", "Priya", "Radia", "Rosa", "Sophie", "Tariq", "Vera", "Wei",
    "Yuki",
]
private let lastNames = [
    "Abara", "Almeida", "Andersen", "Bauer", "Becker", "Chen", "Costa", "Dubois", "Eriksson", "Fischer", "Garcia",
    "Haddad",
    "Hopper", "Ito", "Jansen", "Kaya", "Kim", "Kowalski", "Larsen", "Lopez", "Lovelace", "Martin", "Meyer", "Moreau",
    "Nakamura", "Novak", "Okafor", "Olsen", "Patel", "Perlman", "Quinn", "Rossi", "Santos", "Schmidt", "Singh",
    "Tanaka",
    "Turing", "Vogel", "Weber", "Yilmaz",
]
