#define _GNU_SOURCE
#include "CVirtualTime.h"
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
#define NEVER INT64_MAX

struct rd_time {
    _Atomic int64_t offset;
    _Atomic uint32_t activity;
    _Atomic int32_t work;
    struct {
        _Atomic int32_t owner; // a thread's number; 0 for a free slot
        _Atomic int64_t deadline;
    } slots[SLOTS];
};

// The kernel's own clock: the C library's function may be ours.
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
    atomic_fetch_add(&time->activity, 1);
}

void rd_time_begin_work(struct rd_time *time) {
    atomic_fetch_add(&time->work, 1);
    atomic_fetch_add(&time->activity, 1);
}
void rd_time_end_work(struct rd_time *time) {
    atomic_fetch_add(&time->activity, 1);
    atomic_fetch_sub(&time->work, 1);
}

struct rd_wait rd_wait_begin(struct rd_time *time, int64_t deadline, int64_t patience) {
    struct rd_wait wait = {.time = time, .deadline = deadline, .patience = patience, .slot = -1};
    int32_t owner = this_thread();
    for (int slot = 0; slot < SLOTS && wait.slot < 0; slot++) {
        int32_t nobody = 0;
        if (!atomic_compare_exchange_strong(&time->slots[slot].owner, &nobody, owner)) continue;
        atomic_store(&time->slots[slot].deadline, deadline);
        wait.slot = slot;
    }
    wait.activity = atomic_fetch_add(&time->activity, 1) + 1;
    wait.quiet_since = real(CLOCK_MONOTONIC);
    wait.work_since = real(CLOCK_PROCESS_CPUTIME_ID);
    return wait;
}

void rd_wait_end(struct rd_wait *wait) {
    if (wait->slot < 0) return;
    atomic_store(&wait->time->slots[wait->slot].deadline, NEVER);
    atomic_store(&wait->time->slots[wait->slot].owner, 0);
    atomic_fetch_add(&wait->time->activity, 1);
    wait->slot = -1;
}

// Whether no one else's wait ends before. Slots of threads that died in their sleep are freed.
static bool is_first(struct rd_wait *wait) {
    struct rd_time *time = wait->time;
    for (int slot = 0; slot < SLOTS; slot++) {
        int32_t owner = atomic_load(&time->slots[slot].owner);
        if (owner == 0 || slot == wait->slot || atomic_load(&time->slots[slot].deadline) >= wait->deadline) continue;
        if (kill(owner, 0) == 0 || errno != ESRCH) return false;
        atomic_store(&time->slots[slot].deadline, NEVER);
        atomic_compare_exchange_strong(&time->slots[slot].owner, &owner, 0);
    }
    return true;
}

bool rd_wait_is_over(struct rd_wait *wait) {
    struct rd_time *time = wait->time;
    int64_t offset = atomic_load(&time->offset), missing = wait->deadline - real(UPTIME) - offset;
    if (missing <= 0) return true;
    int64_t now = real(CLOCK_MONOTONIC), work = real(CLOCK_PROCESS_CPUTIME_ID);
    uint32_t activity = atomic_load(&time->activity);
    bool is_busy = atomic_load(&time->work) > 0 || activity != wait->activity;
    int64_t quiet = now - wait->quiet_since;
    // A program that computed for more than half of the while was not idle, whatever its other threads do.
    if (is_busy || (quiet >= wait->patience && work - wait->work_since > quiet / 2)) {
        wait->activity = activity;
        wait->quiet_since = now;
        wait->work_since = work;
        return false;
    }
    if (quiet < wait->patience || !is_first(wait)) return false;
    if (!atomic_compare_exchange_strong(&time->offset, &offset, offset + missing)) return false;
    atomic_fetch_add(&time->activity, 1);
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
