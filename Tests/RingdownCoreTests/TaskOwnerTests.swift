import RingdownCore
import Testing

@Suite struct TaskOwnerTests {
    @Test func `a finished task is no longer owned`() async {
        let owner = TaskOwner()
        owner.start {}
        await owner.finished()
        #expect(owner.count == 0)
    }

    @Test func `cancels present and future tasks`() async {
        let (owner, time) = (TaskOwner(), ManualTime())
        let present = Locked<Bool?>(nil)
        owner.start {
            let isCancelled = (try? await time.sleep(for: .seconds(1))) == nil
            present.withLock { $0 = isCancelled }
        }
        await time.waitForSleepers(1)
        owner.cancelAll()
        await owner.finished()
        #expect(present.withLock { $0 } == true)
        #expect(await owner.run { Task.isCancelled })
        await owner.finished()
        #expect(owner.count == 0)
    }

    @Test func `a result is returned, and cancelling the caller cancels the work`() async {
        let (owner, time) = (TaskOwner(), ManualTime())
        #expect(await owner.run { 7 } == 7)
        let caller = Task { await owner.run { (try? await time.sleep(for: .seconds(1))) == nil } }
        await time.waitForSleepers(1)
        caller.cancel()
        #expect(await caller.value)
    }

    @Test func `a cancelled group cancels its operations and accepts no more`() {
        let (group, cancelled) = (CancellationGroup(), Locked<[Int]>([]))
        let numbers = (0..<3).map { index in group.add { cancelled.withLock { $0.append(index) } } }
        if let number = numbers[1] { group.remove(number) }
        group.cancelAll()
        #expect(cancelled.withLock { $0.sorted() } == [0, 2])
        #expect(group.add {} == nil)
    }
}
