extension Platform {
    /// Returns the columns that a list always has as a table, although the platform omits empty members. They are the members that are
    /// neither arrays nor objects (`genesys-cloud.md` section 4, `cxone.md` section 3.1).
    ///
    /// - Parameter path: The path of a call for the list.
    /// - Returns: The names of the members; empty for a list that is not known.
    package func columns(ofListAt path: String) -> [String] {
        var parts = path.prefix { $0 != "?" }.lowercased().split(separator: "/")
        // The lists of the CXone API have a version: `/incontactapi/services/v34.0/agents`.
        if let services = parts.firstIndex(of: "services") { parts.removeFirst(min(parts.count, services + 2)) }
        let name = parts.joined(separator: "/")
        return knownColumns.first { $0.list == name }?.names ?? []
    }

    private var knownColumns: [(list: String, names: [String])] {
        switch name {
        case "genesys":
            [
                (
                    "api/v2/users",
                    ["id", "name", "email", "username", "department", "title", "state", "acdAutoAnswer", "version"]
                )
            ]
        case "cxone":
            [
                (
                    "agents",
                    [
                        "agentId", "userName", "firstName", "middleName", "lastName", "userID", "emailAddress",
                        "isActive",
                        "teamId", "teamName", "reportToId", "reportToName", "isSupervisor", "lastLogin", "lastUpdated",
                        "location", "profileId", "profileName", "timeZone", "country", "state", "city", "inactiveDate",
                        "userType",
                    ]
                ),
                (
                    "contacts/completed",
                    [
                        "contactId", "masterContactId", "contactStartDate", "lastUpdateTime", "agentId", "firstName",
                        "lastName", "teamId", "teamName", "skillId", "skillName", "campaignId", "campaignName",
                        "mediaTypeId", "mediaTypeName", "mediaSubTypeId", "fromAddress", "toAddress", "isOutbound",
                        "totalDurationSeconds", "endReason",
                    ]
                ),
            ]
        default: []
        }
    }
}
