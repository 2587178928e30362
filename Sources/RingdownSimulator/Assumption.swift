internal import RingdownCore

/// What the fact pages leave open (UNVERIFIED there): each is a switch, set with ``Simulator/Options/assume(_:)``.
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

    /// What it can be.
    enum Values: Sendable {
        case numbers(ClosedRange<Int>)
        case words([String])
        case text
    }

    private static let status = Values.numbers(400...499)

    /// What it can be, what it is unless somebody says otherwise, and what it is about.
    var definition: (values: Values, standard: String, about: String) {
        switch self {
        case .genesysWrongSecretStatus: (Self.status, "400", "the status for a wrong secret")
        case .genesysCredentialsInBody:
            (.words(["accepted", "refused"]), "accepted", "client_id and client_secret in the body of a token request")
        case .genesysRefreshToken: (.words(["once", "kept"]), "once", "how often a person's refresh token is good")
        case .genesysTokenType: (.words(["bearer", "Bearer"]), "bearer", "how token_type is written")
        case .genesysExpiresIn: (.words(["whole", "less-one"]), "whole", "expires_in: 86400, or 86399")
        case .genesysPageSize: (.numbers(1...100_000), "500", "the largest pageSize of lists")
        case .genesysQueryPageSize: (.numbers(1...100_000), "300", "the largest pageSize of a conversations query")
        case .genesysQueryDays: (.numbers(1...366), "7", "the longest interval of a conversations query, in days")
        case .genesysQueryDaysBack:
            (.numbers(0...366), "0", "how many days ago its interval may start (35, a tutorial said in 2020); 0: any")
        case .genesysJobPageSize: (.numbers(1...100_000), "10000", "the largest pageSize of a job's results")
        case .genesysUnfinishedResultsStatus: (Self.status, "400", "the status for results of an unfinished job")
        case .genesysOtherDivisionStatus: (Self.status, "403", "the status for a queue of another division")
        case .cxoneClientCredentialsStatus:
            (Self.status, "400", "the status for client_credentials at the token endpoint")
        case .cxoneClientCredentialsError:
            (.words(["unsupported_grant_type", "unauthorized_client"]), "unsupported_grant_type", "its error")
        case .cxoneWrongKeyStatus: (Self.status, "400", "the status for a wrong access key at the token endpoint")
        case .cxoneWrongKeyStatusOfKeyEndpoint: (Self.status, "401", "the same at the access-key endpoint")
        case .cxoneTokenRequestInJSON:
            (.words(["accepted", "refused"]), "accepted", "a JSON body at the token endpoint (one source)")
        case .cxoneKeyEndpointAtIssuer:
            (.words(["accepted", "refused"]), "accepted", "the access-key endpoint on the issuer's host (one source)")
        case .cxoneRefreshToken: (.words(["once", "kept"]), "kept", "how often a refresh token is good")
        case .cxoneMissingAcceptStatus: (Self.status, "406", "the status without Accept: application/json")
        case .cxoneOtherAreaStatus: (Self.status, "401", "the status in an area where the tenant does not live")
        case .cxoneReportState: (.text, "Running", "the state of a report job before Finished")
        case .cxonePageSize: (.numbers(1...100_000), "10000", "the largest top of lists")
        case .jobSeconds: (.numbers(0...86400), "5", "how long a job takes, in seconds")
        case .jobLifetime: (.numbers(1...31_536_000), "86400", "how long a job's results are there, in seconds")
        }
    }

    /// What it can be, in words.
    var choices: String {
        switch definition.values {
        case .numbers(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .words(let words): words.joined(separator: " or ")
        case .text: "any text of up to 100 characters"
        }
    }

    fileprivate func permits(_ value: String) -> Bool {
        switch definition.values {
        case .numbers(let range): Int(value).map(range.contains) ?? false
        case .words(let words): words.contains(value)
        case .text: !value.isEmpty && value.utf8.count <= 100
        }
    }

    /// Why a text is not one of these.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        public var expected: String
        public var description: String { "expected \(expected)" }
    }
}

/// What is assumed, in place of the standards.
struct Assumptions: Sendable {
    private var values: [Assumption: String] = [:]

    func text(_ assumption: Assumption) -> String { values[assumption] ?? assumption.definition.standard }

    /// One that is a number.
    func number(_ assumption: Assumption) -> Int { Int(text(assumption)) ?? 0 }

    func isAccepted(_ assumption: Assumption) -> Bool { text(assumption) == "accepted" }

    /// Reads `name=value`.
    mutating func set(_ text: String) throws(Assumption.Invalid) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let assumption = Assumption(rawValue: parts[0]) else {
            let names = nearest(to: parts[0], among: Assumption.allCases.map(\.rawValue))
            let likely = names.isEmpty ? "NAME=VALUE, as Documentation/Simulator.md lists them" : ""
            throw Assumption.Invalid(expected: likely + names.map { $0 + "=…" }.joined(separator: " or "))
        }
        guard parts.count == 2, assumption.permits(parts[1]) else {
            throw Assumption.Invalid(expected: "\(assumption.rawValue)=\(assumption.choices)")
        }
        values[assumption] = parts[1]
    }
}

extension Simulator.Options {
    /// Sets a switch: `name=value`. Throws ``Assumption/Invalid``.
    public mutating func assume(_ text: String) throws(Assumption.Invalid) {
        try assumptions.set(text)
    }
}
