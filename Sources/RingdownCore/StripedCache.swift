#if canImport(Glibc)
    package import Glibc
#else
    package import Darwin
#endif

/// A cache with several copies of a value, so that threads that read it rarely wait for each other.
///
/// A thread uses one of the copies. Each copy has its own lock and its own cache line. A change updates all copies.
package final class StripedCache<Value: Sendable>: @unchecked Sendable {  // because every copy has a lock
    @usableFromInline struct Place {
        @usableFromInline var mutex = pthread_mutex_t()
        @usableFromInline var value: Value?
    }

    /// The distance of two copies: two cache lines, since processors fetch lines in pairs.
    @usableFromInline static var stride: Int { 128 }
    @usableFromInline static var count: Int { 16 }
    @usableFromInline let memory: UnsafeMutableRawPointer

    /// Creates an empty cache. Values must be small.
    package init() {
        precondition(MemoryLayout<Place>.size <= Self.stride)
        memory = .allocate(byteCount: Self.stride * Self.count, alignment: Self.stride)
        for index in 0..<Self.count {
            let place = (memory + index * Self.stride).initializeMemory(as: Place.self, repeating: Place(), count: 1)
            pthread_mutex_init(&place.pointee.mutex, nil)
        }
    }

    deinit {
        for index in 0..<Self.count {
            let place = place(index)
            pthread_mutex_destroy(&place.pointee.mutex)
            place.deinitialize(count: 1)
        }
        memory.deallocate()
    }

    @inlinable func place(_ index: Int) -> UnsafeMutablePointer<Place> {
        (memory + index * Self.stride).assumingMemoryBound(to: Place.self)
    }

    @inlinable func with<Result>(_ index: Int, _ body: (inout Value?) -> Result) -> Result {
        let place = place(index)
        pthread_mutex_lock(&place.pointee.mutex)
        defer { pthread_mutex_unlock(&place.pointee.mutex) }
        return body(&place.pointee.value)
    }

    /// Calls `body` with the copy of this thread.
    @inlinable package func withOwn<Result>(_ body: (inout Value?) -> Result) -> Result {
        // Thread identifiers are stack addresses, which are far apart, so the middle bits differ.
        let number = Thread.current
        return with(Int((number >> 12 ^ number >> 20) & UInt(Self.count - 1)), body)
    }

    /// Removes all copies.
    package func removeAll() {
        for index in 0..<Self.count { with(index) { $0 = nil } }
    }
}
