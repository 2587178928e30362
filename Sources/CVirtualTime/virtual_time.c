#define _GNU_SOURCE
#include "CVirtualTime.h"
#include "processes.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 1024
#define PROCESSES 256
#define NEVER INT64_MAX

struct rd_time {
    _Atomic int64_t offset;
    _Atomic uint32_t events;
    _Atomic int64_t epoch; // the number of proposals to jump
    _Atomic int32_t processes[PROCESSES];
    struct {
        _Atomic int32_t owner; // the thread ID; 0 for a free slot
        _Atomic int64_t deadline;
        _Atomic int64_t seen; // the last proposal known to the owner when it last found no work
    } slots[SLOTS];
};

// The clock of the kernel, since the C library function can be overridden.
static int64_t real(clockid_t clock) {
    struct timespec time;
#ifdef __linux__
    syscall(SYS_clock_gettime, clock, &time);
#else
    clock_gettime(clock, &time);
#endif
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

#ifdef __linux__
#define UPTIME CLOCK_BOOTTIME
static int32_t this_thread(void) { return (int32_t)syscall(SYS_gettid); }
static int pause_for(struct timespec *time) { return (int)syscall(SYS_nanosleep, time, NULL); }
#else
#define UPTIME CLOCK_MONOTONIC
static int32_t this_thread(void) { return getpid(); }
static int pause_for(struct timespec *time) { return nanosleep(time, NULL); }
#endif

static struct rd_time *map(const char *path, int flags) {
    int file = open(path, flags | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) return NULL;
    struct rd_time *time = MAP_FAILED;
    if (ftruncate(file, sizeof *time) == 0)
        time = mmap(NULL, sizeof *time, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return time == MAP_FAILED ? NULL : time;
}

struct rd_time *rd_time_create(const char *path) { return map(path, O_CREAT | O_EXCL); }
struct rd_time *rd_time_open(const char *path) { return map(path, 0); }

int64_t rd_time_offset(const struct rd_time *time) { return atomic_load(&time->offset); }
int64_t rd_time_now(const struct rd_time *time) { return real(UPTIME) + atomic_load(&time->offset); }

void rd_time_advance(struct rd_time *time, int64_t nanoseconds) {
    atomic_fetch_add(&time->offset, nanoseconds);
    atomic_fetch_add(&time->events, 1);
}

void rd_time_take_part(struct rd_time *time, int32_t process) {
    for (int index = 0; index < PROCESSES; index++) {
        int32_t other = atomic_load(&time->processes[index]);
        if (other == process) return;
        bool is_free = other == 0 || (kill(other, 0) != 0 && errno == ESRCH);
        if (is_free && atomic_compare_exchange_strong(&time->processes[index], &other, process)) return;
    }
}

struct rd_wait rd_wait_begin(struct rd_time *time, int64_t deadline, int64_t patience) {
    struct rd_wait wait = {.time = time, .deadline = deadline, .patience = patience, .slot = -1};
    int32_t owner = this_thread();
    for (int slot = 0; slot < SLOTS && wait.slot < 0; slot++) {
        int32_t unowned = 0;
        if (!atomic_compare_exchange_strong(&time->slots[slot].owner, &unowned, owner)) continue;
        atomic_store(&time->slots[slot].deadline, deadline);
        wait.slot = slot;
    }
    wait.epoch = atomic_load(&time->epoch);
    wait.events = atomic_fetch_add(&time->events, 1) + 1;
    wait.quiet_since = real(CLOCK_MONOTONIC);
    return wait;
}

static void free_slot(struct rd_time *time, int slot) {
    atomic_store(&time->slots[slot].deadline, NEVER);
    atomic_store(&time->slots[slot].seen, 0);
    atomic_store(&time->slots[slot].owner, 0);
    atomic_fetch_add(&time->events, 1);
}

void rd_wait_end(struct rd_wait *wait) {
    if (wait->slot >= 0) free_slot(wait->time, wait->slot);
    wait->slot = -1;
}

// Whether no other wait ends earlier and, if there is a proposal, all threads have found no work since. Slots of threads that
// exited during a wait are freed.
static bool may_jump(struct rd_wait *wait) {
    struct rd_time *time = wait->time;
    for (int slot = 0; slot < SLOTS; slot++) {
        int32_t owner = atomic_load(&time->slots[slot].owner);
        if (owner == 0 || slot == wait->slot) continue;
        if (atomic_load(&time->slots[slot].deadline) >= wait->deadline &&
            atomic_load(&time->slots[slot].seen) >= wait->proposal)
            continue;
        if (kill(owner, 0) == 0 || errno != ESRCH) return false;
        free_slot(time, slot);
    }
    return true;
}

static bool is_waiting(const void *context, int32_t thread) {
    const struct rd_time *time = context;
    for (int slot = 0; slot < SLOTS; slot++)
        if (atomic_load(&time->slots[slot].owner) == thread) return true;
    return false;
}

// Computes the activity of the threads of all participating processes, except for the waiting ones. Returns false if a thread has
// work to do.
static bool are_asleep(const struct rd_time *time, uint64_t *activity) {
    int32_t processes[PROCESSES];
    int count = 0;
    for (int index = 0; index < PROCESSES; index++)
        if ((processes[count] = atomic_load(&time->processes[index])) != 0) count++;
    return rd_processes_are_asleep(processes, count, is_waiting, time, activity);
}

// All threads must sleep at the same time. They are checked one after the other, so they are checked twice, and no activity is
// allowed in between: waiting threads have found no work since the first check, and all other threads have not run.
bool rd_wait_is_over(struct rd_wait *wait) {
    struct rd_time *time = wait->time;
    if (wait->slot >= 0) atomic_store(&time->slots[wait->slot].seen, wait->epoch);
    wait->epoch = atomic_load(&time->epoch);
    if (wait->deadline == NEVER) return false;
    int64_t offset = atomic_load(&time->offset), missing = wait->deadline - real(UPTIME) - offset;
    if (missing <= 0) return true;
    int64_t now = real(CLOCK_MONOTONIC);
    uint32_t events = atomic_load(&time->events);
    uint64_t activity = 0;
    if (events != wait->events) {
        wait->events = events;
        wait->quiet_since = now;
        wait->proposal = 0;
    }
    if (now - wait->quiet_since < wait->patience || !may_jump(wait)) return false;
    if (!are_asleep(time, &activity) || (wait->proposal && activity != wait->activity)) {
        wait->quiet_since = now;
        wait->proposal = 0;
        return false;
    }
    if (!wait->proposal) {
        wait->activity = activity;
        wait->proposal = atomic_fetch_add(&time->epoch, 1) + 1;
        return false;
    }
    if (atomic_load(&time->events) != events) return false;
    if (!atomic_compare_exchange_strong(&time->offset, &offset, offset + missing)) return false;
    atomic_fetch_add(&time->events, 1);
    return true;
}

bool rd_time_sleep(struct rd_time *time, int64_t deadline, int64_t patience) {
    struct rd_wait wait = rd_wait_begin(time, deadline, patience);
    bool is_over;
    while (!(is_over = rd_wait_is_over(&wait))) {
        struct timespec moment = {0, 200000};
        if (pause_for(&moment) != 0 && errno == EINTR) break;
    }
    rd_wait_end(&wait);
    return is_over;
}
