// A step of a pipeline: fails if the client lacks a permission that later steps need, and reports what is missing.
import Foundation
import Ringdown

do {
    let client = try APIClient(.environment)
    let identity = try await client.whoami()
    print("client \(identity.clientName ?? identity.clientID ?? "?") of \(identity.organizationName ?? "?")")
    var queues = 0
    for try await _ in client.queues() { queues += 1 }
    print("\(queues) queues can be seen")
    // The deployment takes up to 45 minutes: the token must remain valid.
    let token = try await client.token(minimumValidity: .seconds(45 * 60))
    print("the token lasts until \(token.expiry)")
} catch let error as APIError {
    print("::error::\(error.message)\n\(error.hint)")
    exit(1)
} catch {
    print("::error::\(error)")
    exit(1)
}
