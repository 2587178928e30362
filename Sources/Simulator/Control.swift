internal import Foundations
internal import HTTPModel

extension Simulator {
    /// The control plane below `/_sim/`, on every port. Its requests are not part of the journal.
    func control(_ request: Request) -> Response {
        switch (request.method, request.url.path) {
        case ("GET", "/_sim/journal"):
            return Response(json: world.withLock { $0.journal.json })
        case ("POST", "/_sim/reset"):
            world.withLock { $0.journal = Journal() }
            return Response(status: 204)
        default:
            return Response(
                status: 404, json: ["message": "the control plane has: GET /_sim/journal, POST /_sim/reset"]
            )
        }
    }
}
