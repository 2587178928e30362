internal import RingdownCore

/// Completed contacts (`cxone.md` section 3.1), as a list and as the rows of files.
struct CXoneContacts: CXoneFamily {
    let simulator: Simulator

    static let routes: [Route] = [
        route("GET", service("/contacts/completed")) { family, call, _ in family.completed(call) }
    ]

    private func completed(_ call: Call) -> Answer {
        func time(_ name: String) -> Timestamp? { call.queryValue(name).flatMap { Timestamp(rfc3339: $0) } }
        guard let from = time("startDate") ?? time("updatedSince") else {
            return Answer(status: 400, reason: "malformed query").with(
                "icStatusDescription", "startDate and endDate are required")
        }
        let numbers = Conversations.numbers(from: from, to: time("endDate") ?? call.now, now: call.now)
        return listing(call, "completedContacts", path: "contacts/completed", count: numbers.count) {
            contact(numbers.lowerBound + $0)
        }
    }

    /// The maximum number of rows in a file, which limits memory use: almost three years of contacts.
    private static let rowLimit = 100_000

    func csv(_ job: CXoneJob, _ call: Call) -> String {
        let numbers = Conversations.numbers(from: job.from, to: job.to, now: call.now).prefix(Self.rowLimit)
        let rows = numbers.map { number in
            let contact = contact(number)
            return
                "\(contact["contactId"]?.text ?? ""),\(contact["contactStartDate"]?.string ?? ""),\(contact["agentId"]?.text ?? "")"
        }
        return ((job.hasHeader ? ["contactId,contactStartDate,agentId"] : []) + rows).joined(separator: "\r\n") + "\r\n"
    }

    private func contact(_ number: Int) -> JSON {
        var random = SeededRandom(seed: data.seed &* 37 &+ UInt64(truncatingIfNeeded: number))
        let start = Timestamp(secondsSince1970: Double(number * Conversations.spacing))
        let person = data.person(random.below(max(1, data.userCount)))
        let (queue, talk) = (random.below(60), 30 + random.below(600))
        return [
            "contactId": .int(number), "masterContactId": .int(number), "contactStartDate": .string(start.rfc3339),
            "lastUpdateTime": .string((start + .seconds(queue + talk)).rfc3339), "agentId": .int(1001 + person.index),
            "firstName": .string(person.firstName), "lastName": .string(person.lastName), "skillId": 4001,
            "skillName": "Support",
            "mediaTypeId": 4, "mediaTypeName": "Call", "fromAddress": "+1317555\(1000 + random.below(9000))",
            "toAddress": "+13175550000", "isOutbound": false, "abandoned": false, "agentSeconds": .int(talk),
            "inQueueSeconds": .int(queue), "totalDurationSeconds": .int(queue + talk), "tags": [],
        ]
    }
}
