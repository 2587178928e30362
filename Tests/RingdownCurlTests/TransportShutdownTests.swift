import RingdownCore
import RingdownCurl
import RingdownTestSupport
import Testing

@Suite struct TransportShutdownTests {
    /// The number of requests that arrived.
    private let arrived = Locked(0)
    private let gate = BlockingGate()

    /// A server that answers only after the gate is open.
    private func server() throws -> RawServer {
        try RawServer { [arrived, gate] connection, _ in
            while connection.readRequest() != nil {
                arrived.withLock { $0 += 1 }
                gate.pass()
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
    }

    private func request(_ server: RawServer) throws -> Request {
        Request("GET", try HTTPURL("http://127.0.0.1:\(server.port)/"))
    }

    private func until(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func `shutting a transport down ends active and waiting requests, and refuses later ones`() async throws {
        let server = try server()
        let request = try request(server)
        let transport = CurlTransport(CurlTransport.Configuration(connectionLimit: 2))
        let calls = (0..<5).map { _ in Task { try await transport.send(request) } }
        await until { arrived.withLock { $0 } == 2 }
        await transport.shutdown()
        for call in calls {
            let error = await #expect(throws: TransportError.self) { try await call.value }
            #expect(error?.code == .cancelled)
        }
        let later = await #expect(throws: TransportError.self) { try await transport.send(request) }
        #expect(later?.message == "the transport was shut down")
        await transport.shutdown()
        gate.open()
    }

    @Test func `a cancelled group ends its requests only`() async throws {
        let server = try server()
        let request = try request(server)
        let (transport, group) = (CurlTransport(), CancellationGroup())
        let inGroup = Task { try await transport.send(request, in: group) }
        let other = Task { try await transport.send(request) }
        await until { arrived.withLock { $0 } == 2 }
        group.cancelAll()
        let error = await #expect(throws: TransportError.self) { try await inGroup.value }
        #expect(error?.code == .cancelled)
        gate.open()
        #expect(try await other.value.status == 200)
        let later = await #expect(throws: TransportError.self) { try await transport.send(request, in: group) }
        #expect(later?.code == .cancelled)
    }

    @Test func `a transport without requests can be shut down`() async throws {
        await CurlTransport().shutdown()
    }
}
