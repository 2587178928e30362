package import RingdownCore

/// The optional capabilities of a platform. Code checks a capability instead of comparing platform names.
package struct PlatformCapabilities: Sendable {
    /// A kind of asynchronous job.
    package enum JobKind: Sendable {
        /// Queries for conversations.
        case conversations
        /// Data extractions and reports, which produce a file.
        case files
    }

    /// The header fields of the rate limit in responses.
    struct RateLimitHeaders: Sendable {
        /// The number of calls in this window, the limit of calls, and the seconds until the window ends.
        let count, allowed, reset: String
    }

    /// The supported kinds of jobs.
    package internal(set) var jobs: [JobKind] = []
    /// Whether a client belongs to one region, so that its region can be found by querying all regions.
    package internal(set) var hasRegionalClients = false
    /// Whether a client requires roles to call the API.
    package internal(set) var hasClientRoles = false
    /// Whether client credentials also require an access key of an employee.
    package internal(set) var needsAccessKey = false
    /// The beginnings of the paths of the API, in lowercase. Paths of no platform begin like those of another.
    package internal(set) var pathPrefixes: [String] = []
    /// The header field with the correlation ID, which every response of the platform contains, or nil
    /// if the platform has no such field.
    package internal(set) var correlationHeader: String?
    var rateLimitHeaders: RateLimitHeaders?
    /// Validates a region before it is stored. Throws `ConfigurationError` with the closest names.
    var regionCheck: @Sendable (String) throws(ConfigurationError) -> Void = { _ in }

    /// Validates a region before it is stored.
    ///
    /// - Throws: `ConfigurationError` with the closest names.
    package func checkRegion(_ region: String) throws(ConfigurationError) { try regionCheck(region) }
}

/// The names of the settings of a platform.
package struct PlatformVariables: Sendable {
    /// The prefix of the names, such as `GENESYS`.
    package let prefix: String
    /// The access token variable of the vendor's tools, or nil if they have no such variable.
    package internal(set) var vendorAccessToken: String?
    /// The region variable of the vendor's tools, or nil if they have no such variable.
    package internal(set) var vendorRegion: String?
    /// The client secret variable of the vendor's tools, or nil if they have no such variable.
    package internal(set) var vendorClientSecret: String?

    init(prefix: String) {
        self.prefix = prefix
    }

    /// The variable of the grant type.
    package var grant: String { prefix + "_GRANT" }
    /// The variable of the client authentication method.
    package var clientAuthentication: String { prefix + "_CLIENT_AUTH" }
    /// The variable of the region.
    package var region: String { prefix + "_REGION" }
    /// Origins on loopback to which links of the API may lead.
    package var loopbackOrigins: String { prefix + "_LOOPBACK_ORIGINS" }
}
