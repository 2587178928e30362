internal import CMicroHTTPD
internal import RingdownCore

/// A response body that is slow, truncated or of another length than declared.
final class FaultyBody: @unchecked Sendable {  // because only one thread of libmicrohttpd accesses it
    private let bytes: [UInt8]
    private let faultInjection: Response.FaultInjection
    private let exchange: Exchange
    private let service: Service
    private let start: Duration

    private init(_ bytes: [UInt8], _ faultInjection: Response.FaultInjection, _ exchange: Exchange, _ service: Service)
    {
        (self.bytes, self.faultInjection, self.exchange, self.service) = (bytes, faultInjection, exchange, service)
        start = service.time.now().uptime
    }

    static func message(
        _ bytes: [UInt8], _ faultInjection: Response.FaultInjection, _ exchange: Exchange, _ service: Service
    ) -> OpaquePointer? {
        // The free callback of libmicrohttpd releases the body together with the response.
        let body = Unmanaged.passRetained(FaultyBody(bytes, faultInjection, exchange, service))
        return rd_response_reading(
            UInt64(faultInjection.contentLength ?? bytes.count),
            { context, position, buffer, room in
                guard let context, let buffer else { return -2 }
                return Unmanaged<FaultyBody>.fromOpaque(context).takeUnretainedValue().read(
                    Int(position), buffer, room)
            }, body.toOpaque(),
            { context in
                if let context { Unmanaged<FaultyBody>.fromOpaque(context).release() }
            }
        )
    }

    /// Returns the number of bytes in the buffer, 0 while the exchange is suspended, or -2 to close the connection.
    private func read(_ position: Int, _ buffer: UnsafeMutablePointer<CChar>, _ room: Int) -> Int {
        let end = faultInjection.cut == .within ? bytes.count / 2 : bytes.count
        guard position < end else {
            if faultInjection.isReset, faultInjection.cut == .within { exchange.reset() }
            return -2
        }
        var count = min(room, end - position)
        if let rate = faultInjection.bytesPerSecond {
            let elapsed = (service.time.now().uptime - start).inSeconds
            let due = Int(min(Double(end), elapsed * Double(max(rate, 1)) + 1))
            guard due > position else { return pause(.seconds(1 / Double(max(rate, 1)))) }
            count = min(count, due - position)
        }
        bytes[position..<position + count].withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(start: buffer, count: count).copyMemory(from: source)
        }
        return count
    }

    private func pause(_ duration: Duration) -> Int {
        // The service retains the exchange until this task or `drain` resumes it.
        let isSuspended = service.suspend(exchange) { [service, exchange] in
            try? await service.time.sleep(for: max(duration, .milliseconds(5)))
            service.resume(exchange)
        }
        return isSuspended ? 0 : -2
    }
}
