// A step of a pipeline: fails where the client may not do what the steps after it need, and says what is missing.
import Foundation
import Ringdown

do {
    let client = try APIClient(.environment)
    let identity = try await client.whoami()
    print("client \(identity.clientName ?? identity.clientID ?? "?") of \(identity.organizationName ?? "?")")
    var queues = 0
    for try await _ in client.queues() { queues += 1 }
    print("\(queues) queues can be seen")
    // The deployment after this takes a while: the token must last.
    let token = try await client.token(minimumValidity: .seconds(45 * 60))
    print("the token lasts until \(token.expiry)")
} catch let error as APIError {
    print("::error::\(error.message)\n\(error.hint)")
    exit(1)
} catch {
    print("::error::\(error)")
    exit(1)
}
