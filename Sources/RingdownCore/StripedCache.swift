#if canImport(Glibc)
    public import Glibc
#else
    public import Darwin
#endif

/// Copies of a value, one for each few threads, so that threads which read it do not wait for each other.
///
/// Each copy has a lock and a cache line of its own. Whoever changes the value changes all of them.
public final class StripedCache<Value: Sendable>: @unchecked Sendable {  // because each copy is used under its own lock
    @usableFromInline struct Place {
        @usableFromInline var mutex = pthread_mutex_t()
        @usableFromInline var value: Value?
    }

    /// Two cache lines apart, since processors fetch them in pairs.
    @usableFromInline static var stride: Int { 128 }
    @usableFromInline static var count: Int { 16 }
    @usableFromInline let memory: UnsafeMutableRawPointer

    /// No thread has a value at first. A value must be small.
    public init() {
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

    /// Lends this thread's copy.
    @inlinable public func withOwn<Result>(_ body: (inout Value?) -> Result) -> Result {
        // Threads' numbers are addresses of their stacks, which lie far apart: the middle bits differ.
        let number = Thread.current
        return with(Int((number >> 12 ^ number >> 20) & UInt(Self.count - 1)), body)
    }

    /// Takes the value from all threads.
    public func removeAll() {
        for index in 0..<Self.count { with(index) { $0 = nil } }
    }
}
