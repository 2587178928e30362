// Time that several processes share: the real one and an offset, which grows when everybody sleeps. It lies in a file that all
// of them map: a simulator, and the programs that run against it with `preload.c` in front of the C library.
//
// Whoever sleeps says until when. Once everybody sleeps and has nothing to read, the time jumps to the first of these ends.
// While a program computes, or is kept from it by a busy machine, time passes as usual.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifndef __clang__
#define _Nonnull
#define _Nullable
#endif

struct rd_time;

/// Makes the file, or opens one that is there. NULL, with `errno` set, where that fails.
struct rd_time *_Nullable rd_time_create(const char *_Nonnull path);
struct rd_time *_Nullable rd_time_open(const char *_Nonnull path);

/// Nanoseconds that the shared time is ahead of the real one.
int64_t rd_time_offset(const struct rd_time *_Nonnull time);
/// Nanoseconds since the machine started, on the shared time.
int64_t rd_time_now(const struct rd_time *_Nonnull time);
void rd_time_advance(struct rd_time *_Nonnull time, int64_t nanoseconds);

/// From now on the time does not jump while a thread of this process, or of one that it starts, has something to do.
void rd_time_take_part(struct rd_time *_Nonnull time, int32_t process);

/// Somebody's wait: until when, and what was seen on the way.
struct rd_wait {
    struct rd_time *_Nonnull time;
    int64_t deadline;
    int64_t patience;
    int64_t quiet_since;
    int64_t epoch;     // the proposals that were known when the last moment of real time began
    int64_t proposal;  // the caller's own, to jump; 0 for none
    uint64_t activity; // what all threads but the waiting ones had done by then
    uint32_t events;
    int slot;
};

/// Says that the calling thread waits until `deadline`, INT64_MAX for a thread that only serves others. `patience` is how
/// long (ns, real) all must be quiet before the time jumps.
struct rd_wait rd_wait_begin(struct rd_time *_Nonnull time, int64_t deadline, int64_t patience);
/// Whether the wait is over. To be asked again after a moment of real time.
bool rd_wait_is_over(struct rd_wait *_Nonnull wait);
void rd_wait_end(struct rd_wait *_Nonnull wait);

/// Waits until the shared time has reached `deadline`; returns early, with false, when a signal comes.
bool rd_time_sleep(struct rd_time *_Nonnull time, int64_t deadline, int64_t patience);
