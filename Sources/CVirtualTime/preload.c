// Overrides functions of the C library (LD_PRELOAD) in programs that run in virtual time. Clocks return the shared time, and
// sleeps and timeouts follow it. Built by Scripts/build-time-library; not part of the Swift package.
#define _GNU_SOURCE
#include "CVirtualTime.h"
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
// A waiting thread must verify that no event has occurred before the time jumps, so it waits in slices of real time.
#define PATIENCE 500000
#define SLEEPERS_PATIENCE 2000000
#define SLICE 250000

static struct rd_time *shared;

static void take_part(void) { rd_time_take_part(shared, getpid()); }

__attribute__((constructor)) static void open_shared_time(void) {
    const char *path = getenv("RINGDOWN_TIME_FILE");
    if (!shared && path) shared = rd_time_open(path);
    if (!shared) return;
    rd_time_take_part(shared, getpid());
    pthread_atfork(NULL, NULL, take_part);
}

static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * SECOND + time->tv_nsec; }
static struct timespec timespec_of(int64_t nanoseconds) {
    return (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
}

static int real_clock(clockid_t clock, struct timespec *time) { return (int)syscall(SYS_clock_gettime, clock, time); }

// MARK: Clocks

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = real_clock(clock, time);
    bool is_of_the_wall = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
                          clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
                          clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_TAI;
    if (result == 0 && shared && is_of_the_wall) *time = timespec_of(nanoseconds(time) + rd_time_offset(shared));
    return result;
}
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    if (zone) memset(zone, 0, sizeof(struct timezone));
    return 0;
}
time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
int timespec_get(struct timespec *time, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

// MARK: Sleeping

// Converts the end of a wait from a clock of the caller to the shared time.
static int64_t deadline_of(clockid_t clock, const struct timespec *time) {
    struct timespec now;
    clock_gettime(clock, &now);
    return rd_time_now(shared) + nanoseconds(time) - nanoseconds(&now);
}

static int sleep_until(int64_t deadline, struct timespec *rest) {
    if (rd_time_sleep(shared, deadline, SLEEPERS_PATIENCE)) return 0;
    int64_t missing = deadline - rd_time_now(shared);
    if (rest) *rest = timespec_of(missing > 0 ? missing : 0);
    return EINTR;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest) {
    if (!shared) return syscall(SYS_clock_nanosleep, clock, flags, time, rest) == 0 ? 0 : errno;
    bool is_absolute = flags & TIMER_ABSTIME;
    return sleep_until(is_absolute ? deadline_of(clock, time) : rd_time_now(shared) + nanoseconds(time),
                       is_absolute ? NULL : rest);
}
int nanosleep(const struct timespec *time, struct timespec *rest) {
    int failure = clock_nanosleep(CLOCK_MONOTONIC, 0, time, rest);
    if (failure) errno = failure;
    return failure ? -1 : 0;
}
int usleep(useconds_t microseconds) {
    struct timespec time = timespec_of(microseconds * INT64_C(1000));
    return nanosleep(&time, NULL);
}
unsigned int sleep(unsigned int seconds) {
    struct timespec time = {seconds, 0}, rest = {0, 0};
    return nanosleep(&time, &rest) == 0 ? 0 : (unsigned int)(rest.tv_sec + (rest.tv_nsec > 0));
}

// MARK: Waiting for descriptors

// Polls in slices of real time until an event occurs or the shared time is reached. `ask` is an expression that waits for `slice`
// and is 0 if no event occurred.
#define WAIT(limit, result, ask) \
    do { \
        struct rd_wait wait = rd_wait_begin(shared, rd_time_now(shared) + (limit), PATIENCE); \
        do { \
            struct timespec slice = {0, SLICE}; \
            result = (ask); \
        } while (result == 0 && !rd_wait_is_over(&wait)); \
        int problem = errno; \
        rd_wait_end(&wait); \
        errno = problem; \
    } while (0)

int ppoll(struct pollfd *descriptors, nfds_t count, const struct timespec *limit, const sigset_t *mask) {
    int result;
    if (!shared || !limit || nanoseconds(limit) == 0) {
        struct timespec copy = limit ? *limit : (struct timespec){0, 0};
        return (int)syscall(SYS_ppoll, descriptors, count, limit ? &copy : NULL, mask, sizeof(uint64_t));
    }
    WAIT(nanoseconds(limit), result, (int)syscall(SYS_ppoll, descriptors, count, &slice, mask, sizeof(uint64_t)));
    return result;
}
int poll(struct pollfd *descriptors, nfds_t count, int milliseconds) {
    struct timespec limit = timespec_of(milliseconds * INT64_C(1000000));
    return ppoll(descriptors, count, milliseconds < 0 ? NULL : &limit, NULL);
}
int __poll_chk(struct pollfd *descriptors, nfds_t count, int milliseconds, size_t size) {
    if (size / sizeof *descriptors < count) abort();
    return poll(descriptors, count, milliseconds);
}
int __ppoll_chk(struct pollfd *descriptors, nfds_t count, const struct timespec *limit, const sigset_t *mask, size_t size) {
    if (size / sizeof *descriptors < count) abort();
    return ppoll(descriptors, count, limit, mask);
}

static int select_slice(int count, fd_set *sets[3], const fd_set wanted[3], struct timespec *slice, const sigset_t *mask) {
    struct { const sigset_t *mask; size_t size; } signals = {mask, sizeof(uint64_t)};
    for (int index = 0; index < 3; index++)
        if (sets[index]) *sets[index] = wanted[index];
    return (int)syscall(SYS_pselect6, count, sets[0], sets[1], sets[2], slice, mask ? &signals : NULL);
}
int pselect(int count, fd_set *reading, fd_set *writing, fd_set *failing, const struct timespec *limit, const sigset_t *mask) {
    fd_set *sets[3] = {reading, writing, failing}, wanted[3];
    int result;
    for (int index = 0; index < 3; index++)
        if (sets[index]) wanted[index] = *sets[index];
    if (!shared || !limit || nanoseconds(limit) == 0) {
        struct timespec copy = limit ? *limit : (struct timespec){0, 0};
        return select_slice(count, sets, wanted, limit ? &copy : NULL, mask);
    }
    WAIT(nanoseconds(limit), result, select_slice(count, sets, wanted, &slice, mask));
    return result;
}
int select(int count, fd_set *reading, fd_set *writing, fd_set *failing, struct timeval *limit) {
    struct timespec time = {0, 0};
    if (limit) time = (struct timespec){limit->tv_sec, limit->tv_usec * 1000};
    return pselect(count, reading, writing, failing, limit ? &time : NULL, NULL);
}

static int epoll_slice(int epoll, struct epoll_event *events, int count, int milliseconds, const sigset_t *mask) {
    return (int)syscall(SYS_epoll_pwait, epoll, events, count, milliseconds, mask, sizeof(uint64_t));
}
int epoll_pwait(int epoll, struct epoll_event *events, int count, int milliseconds, const sigset_t *mask) {
    int result;
    if (!shared || milliseconds <= 0) return epoll_slice(epoll, events, count, milliseconds, mask);
    WAIT(milliseconds * INT64_C(1000000), result, ((void)slice, epoll_slice(epoll, events, count, 1, mask)));
    return result;
}
int epoll_wait(int epoll, struct epoll_event *events, int count, int milliseconds) {
    return epoll_pwait(epoll, events, count, milliseconds, NULL);
}

// MARK: Sockets

// A small packet can wait for an acknowledgement that the peer delays. Meanwhile all threads seem to be idle, and the time would
// jump although the packet is pending.
int socket(int domain, int type, int protocol) {
    int descriptor = (int)syscall(SYS_socket, domain, type, protocol);
    bool is_tcp = (domain == AF_INET || domain == AF_INET6) && (type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) == SOCK_STREAM;
    if (!shared || descriptor < 0 || !is_tcp) return descriptor;
    int problem = errno, yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    errno = problem;
    return descriptor;
}

// MARK: Waiting for other threads

// Condition variables had another layout before version 2.3.2 of the C library. An unversioned lookup finds those functions.
static void *next(const char *name) {
    void *function = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
    return function ? function : dlsym(RTLD_NEXT, name);
}

static struct timespec soon(clockid_t clock) {
    struct timespec now;
    real_clock(clock, &now);
    return timespec_of(nanoseconds(&now) + SLICE);
}

// The clock of a condition variable cannot be queried. An uptime is always smaller than the seconds since 1970.
static clockid_t clock_of(const struct timespec *time) { return time->tv_sec < 1000000000 ? CLOCK_MONOTONIC : CLOCK_REALTIME; }

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *time) {
    static int (*function)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!function) function = next("pthread_cond_timedwait");
    if (!shared) return function(condition, mutex, time);
    struct rd_wait wait = rd_wait_begin(shared, deadline_of(clock_of(time), time), PATIENCE);
    int result;
    do {
        struct timespec moment = soon(clock_of(time));
        result = function(condition, mutex, &moment);
    } while (result == ETIMEDOUT && !rd_wait_is_over(&wait));
    rd_wait_end(&wait);
    return result;
}
int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *time) {
    static int (*function)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    if (!function) function = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
    if (!shared) return function(condition, mutex, clock, time);
    struct rd_wait wait = rd_wait_begin(shared, deadline_of(clock, time), PATIENCE);
    int result;
    do {
        struct timespec moment = soon(clock);
        result = function(condition, mutex, clock, &moment);
    } while (result == ETIMEDOUT && !rd_wait_is_over(&wait));
    rd_wait_end(&wait);
    return result;
}
int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *time) {
    static int (*function)(sem_t *, clockid_t, const struct timespec *);
    if (!function) function = dlsym(RTLD_NEXT, "sem_clockwait");
    if (!shared) return function(semaphore, clock, time);
    struct rd_wait wait = rd_wait_begin(shared, deadline_of(clock, time), PATIENCE);
    int result, problem;
    do {
        struct timespec moment = soon(clock);
        result = function(semaphore, clock, &moment);
        problem = errno;
    } while (result != 0 && problem == ETIMEDOUT && !rd_wait_is_over(&wait));
    rd_wait_end(&wait);
    errno = problem;
    return result;
}
int sem_timedwait(sem_t *semaphore, const struct timespec *time) {
    return sem_clockwait(semaphore, CLOCK_REALTIME, time);
}

// MARK: Timers as descriptors

#define TIMERS 256
static struct {
    int descriptor; // plus 1, so that 0 marks a free slot
    int64_t end;
    int64_t interval;
    bool has_wait;
    struct rd_wait wait;
} timers[TIMERS];
static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER;
static bool has_keeper;

static int set_timer(int descriptor, int64_t delay) {
    struct itimerspec setting = {.it_value = timespec_of(delay)};
    return (int)syscall(SYS_timerfd_settime, descriptor, 0, &setting, NULL);
}

static void end_timer(int index) {
    if (timers[index].has_wait) rd_wait_end(&timers[index].wait);
    timers[index].has_wait = false;
    timers[index].descriptor = 0;
}

// Whether a timer has expired. The keeper thread waits for it, so its wait starts here.
static bool is_due(int index) {
    if (!timers[index].has_wait) timers[index].wait = rd_wait_begin(shared, timers[index].end, PATIENCE);
    timers[index].has_wait = true;
    return rd_wait_is_over(&timers[index].wait);
}

// Triggers expired timers until the process exits.
static void *keep_timers(void *unused) {
    struct rd_wait wait = rd_wait_begin(shared, INT64_MAX, PATIENCE);
    for (;;) {
        pthread_mutex_lock(&timers_lock);
        for (int index = 0; index < TIMERS; index++) {
            if (!timers[index].descriptor || !is_due(index)) continue;
            int descriptor = timers[index].descriptor;
            set_timer(descriptor - 1, 1);
            end_timer(index);
            timers[index].end += timers[index].interval;
            if (timers[index].interval) timers[index].descriptor = descriptor;
        }
        pthread_mutex_unlock(&timers_lock);
        rd_wait_is_over(&wait);
        struct timespec moment = {0, SLICE};
        syscall(SYS_nanosleep, &moment, NULL);
    }
    return unused;
}

// A child process has no keeper thread and does not inherit the waits of its parent.
static void forget_timers(void) {
    has_keeper = false;
    memset(timers, 0, sizeof timers);
    pthread_mutex_init(&timers_lock, NULL);
}

static void start_keeper(void) {
    pthread_t keeper;
    sigset_t all, former;
    has_keeper = true;
    pthread_atfork(NULL, NULL, forget_timers);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    if (pthread_create(&keeper, NULL, keep_timers, NULL) == 0) pthread_detach(keeper);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
}

int timerfd_settime(int descriptor, int flags, const struct itimerspec *setting, struct itimerspec *former) {
    if (!shared) return (int)syscall(SYS_timerfd_settime, descriptor, flags, setting, former);
    if (former) memset(former, 0, sizeof *former);
    pthread_mutex_lock(&timers_lock);
    int place = -1;
    for (int index = TIMERS - 1; index >= 0; index--) {
        if (timers[index].descriptor == descriptor + 1) end_timer(index);
        if (!timers[index].descriptor) place = index;
    }
    int result = set_timer(descriptor, 0);
    int64_t value = nanoseconds(&setting->it_value);
    if (result == 0 && value > 0 && place >= 0) {
        clockid_t clock = clock_of(&setting->it_value);
        int64_t end = flags & TFD_TIMER_ABSTIME ? deadline_of(clock, &setting->it_value) : rd_time_now(shared) + value;
        timers[place].descriptor = descriptor + 1;
        timers[place].end = end;
        timers[place].interval = nanoseconds(&setting->it_interval);
        if (!has_keeper) start_keeper();
    }
    pthread_mutex_unlock(&timers_lock);
    return result;
}
