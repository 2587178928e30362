internal import RingdownCore

/// A platform behaviour that the fact pages mark as UNVERIFIED. Override it with ``Simulator/Options/assume(_:)``.
public enum Assumption: String, Sendable, CaseIterable {
    case genesysWrongSecretStatus = "genesys-wrong-secret-status"
    case genesysCredentialsInBody = "genesys-credentials-in-body"
    case genesysRefreshToken = "genesys-refresh-token"
    case genesysTokenType = "genesys-token-type"
    case genesysExpiresIn = "genesys-expires-in"
    case genesysPageSize = "genesys-page-size"
    case genesysQueryPageSize = "genesys-query-page-size"
    case genesysQueryDays = "genesys-query-days"
    case genesysQueryDaysBack = "genesys-query-days-back"
    case genesysJobPageSize = "genesys-job-page-size"
    case genesysUnfinishedResultsStatus = "genesys-unfinished-results-status"
    case genesysOtherDivisionStatus = "genesys-other-division-status"
    case cxoneClientCredentialsStatus = "cxone-client-credentials-status"
    case cxoneClientCredentialsError = "cxone-client-credentials-error"
    case cxoneWrongKeyStatus = "cxone-wrong-key-status"
    case cxoneWrongKeyStatusOfKeyEndpoint = "cxone-wrong-key-status-of-key-endpoint"
    case cxoneTokenRequestInJSON = "cxone-token-request-in-json"
    case cxoneKeyEndpointAtIssuer = "cxone-key-endpoint-at-issuer"
    case cxoneRefreshToken = "cxone-refresh-token"
    case cxoneMissingAcceptStatus = "cxone-missing-accept-status"
    case cxoneOtherAreaStatus = "cxone-other-area-status"
    case cxoneReportState = "cxone-report-state"
    case cxonePageSize = "cxone-page-size"
    case jobSeconds = "job-seconds"
    case jobLifetime = "job-lifetime"

    /// The permitted values.
    enum Values: Sendable {
        case numbers(ClosedRange<Int>)
        case words([String])
        case text
    }

    private static let status = Values.numbers(400...499)

    /// The permitted values, the default value, and a description.
    var definition: (values: Values, standard: String, about: String) {
        switch self {
        case .genesysWrongSecretStatus: (Self.status, "400", "status for a wrong client secret")
        case .genesysCredentialsInBody:
            (.words(["accepted", "refused"]), "accepted", "client_id and client_secret in the body of a token request")
        case .genesysRefreshToken:
            (.words(["once", "kept"]), "once", "use of a user's refresh token: once, or until it expires (kept)")
        case .genesysTokenType: (.words(["bearer", "Bearer"]), "bearer", "spelling of token_type")
        case .genesysExpiresIn:
            (.words(["whole", "less-one"]), "whole", "expires_in: the lifetime, or one second less")
        case .genesysPageSize: (.numbers(1...100_000), "500", "maximum pageSize of lists")
        case .genesysQueryPageSize: (.numbers(1...100_000), "300", "maximum pageSize of a conversations query")
        case .genesysQueryDays: (.numbers(1...366), "7", "maximum interval of a conversations query, in days")
        case .genesysQueryDaysBack:
            (.numbers(0...366), "0", "maximum age of the interval's start, in days (2020 tutorial: 35); 0: no limit")
        case .genesysJobPageSize: (.numbers(1...100_000), "10000", "maximum pageSize of job results")
        case .genesysUnfinishedResultsStatus: (Self.status, "400", "status for results of an unfinished job")
        case .genesysOtherDivisionStatus: (Self.status, "403", "status for a queue of another division")
        case .cxoneClientCredentialsStatus:
            (Self.status, "400", "status for client_credentials at the token endpoint")
        case .cxoneClientCredentialsError:
            (
                .words(["unsupported_grant_type", "unauthorized_client"]), "unsupported_grant_type",
                "error for client_credentials at the token endpoint"
            )
        case .cxoneWrongKeyStatus: (Self.status, "400", "status for a wrong access key at the token endpoint")
        case .cxoneWrongKeyStatusOfKeyEndpoint:
            (Self.status, "401", "status for a wrong access key at the access-key endpoint")
        case .cxoneTokenRequestInJSON:
            (.words(["accepted", "refused"]), "accepted", "JSON body at the token endpoint (one source)")
        case .cxoneKeyEndpointAtIssuer:
            (.words(["accepted", "refused"]), "accepted", "access-key endpoint on the issuer's host (one source)")
        case .cxoneRefreshToken:
            (.words(["once", "kept"]), "kept", "use of a refresh token: once, or until it expires (kept)")
        case .cxoneMissingAcceptStatus: (Self.status, "406", "status without Accept: application/json")
        case .cxoneOtherAreaStatus: (Self.status, "401", "status in an area other than the tenant's")
        case .cxoneReportState: (.text, "Running", "state of a report job before Finished")
        case .cxonePageSize: (.numbers(1...100_000), "10000", "maximum top of lists")
        case .jobSeconds: (.numbers(0...86400), "5", "duration of a job, in seconds")
        case .jobLifetime:
            (.numbers(1...31_536_000), "86400", "lifetime of a job's results after submission, in seconds")
        }
    }

    /// The permitted values, as shown in errors.
    var choices: String {
        switch definition.values {
        case .numbers(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .words(let words): words.joined(separator: " or ")
        case .text: "a text of 1 to 100 bytes"
        }
    }

    fileprivate func permits(_ value: String) -> Bool {
        switch definition.values {
        case .numbers(let range): Int(value).map(range.contains) ?? false
        case .words(let words): words.contains(value)
        case .text: !value.isEmpty && value.utf8.count <= 100
        }
    }

    /// An unknown assumption, or a value that the assumption does not permit.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public var expected: String
        public var description: String { "expected \(expected)" }
    }
}

/// The values of all assumptions: overrides, otherwise the defaults.
struct Assumptions: Sendable {
    private var values: [Assumption: String] = [:]

    func text(_ assumption: Assumption) -> String { values[assumption] ?? assumption.definition.standard }

    /// The value of a numeric assumption.
    func number(_ assumption: Assumption) -> Int { Int(text(assumption)) ?? 0 }

    func isAccepted(_ assumption: Assumption) -> Bool { text(assumption) == "accepted" }

    /// Parses `name=value` and stores the override.
    mutating func set(_ text: String) throws(Assumption.Invalid) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let assumption = Assumption(rawValue: parts[0]) else {
            let names = nearest(to: parts[0], among: Assumption.allCases.map(\.rawValue))
            let likely = names.isEmpty ? "NAME=VALUE (see Documentation/Simulator.md)" : ""
            throw Assumption.Invalid(expected: likely + names.map { $0 + "=…" }.joined(separator: " or "))
        }
        guard parts.count == 2, assumption.permits(parts[1]) else {
            throw Assumption.Invalid(expected: "\(assumption.rawValue)=\(assumption.choices)")
        }
        values[assumption] = parts[1]
    }
}

extension Simulator.Options {
    /// Overrides an assumption.
    ///
    /// - Parameter text: `name=value`, for example `job-seconds=30`.
    /// - Throws: ``Assumption/Invalid`` if the name is unknown or the value is not permitted.
    public mutating func assume(_ text: String) throws(Assumption.Invalid) {
        try assumptions.set(text)
    }
}
