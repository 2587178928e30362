/// A priority queue of events by time. Events with the same time are in insertion order.
struct EventQueue<Event> {
    private var heap: [(time: Double, number: Int, event: Event)] = []
    private var number = 0

    mutating func add(_ event: Event, at time: Double) {
        number += 1
        heap.append((time, number, event))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: Double, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                let (left, right) = (2 * parent + 1, 2 * parent + 2)
                var least = parent
                if left < heap.count, isBefore(left, least) { least = left }
                if right < heap.count, isBefore(right, least) { least = right }
                if least == parent { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (first.time, first.event)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
    }
}
