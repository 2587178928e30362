// A clock that several processes share: real time plus an offset, which grows when all threads sleep. The offset is stored in a
// file that all processes map: a simulator, and the programs that run against it with the overrides of `preload.c`.
//
// A sleeping thread registers its deadline. When all threads sleep and have nothing to read, the time jumps to the earliest
// deadline. While a program computes, or is delayed by a busy machine, time passes normally.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifndef __clang__
#define _Nonnull
#define _Nullable
#endif

struct rd_time;

/// Creates the file, or opens an existing one. On failure, returns NULL and sets `errno`.
struct rd_time *_Nullable rd_time_create(const char *_Nonnull path);
struct rd_time *_Nullable rd_time_open(const char *_Nonnull path);

/// The difference between shared time and real time in nanoseconds.
int64_t rd_time_offset(const struct rd_time *_Nonnull time);
/// The shared time since the machine started in nanoseconds.
int64_t rd_time_now(const struct rd_time *_Nonnull time);
void rd_time_advance(struct rd_time *_Nonnull time, int64_t nanoseconds);

/// Registers the process: the time does not jump while a thread of this process or of its children has work to do.
void rd_time_take_part(struct rd_time *_Nonnull time, int32_t process);

/// The state of a wait: its deadline and the observed activity.
struct rd_wait {
    struct rd_time *_Nonnull time;
    int64_t deadline;
    int64_t patience;
    int64_t quiet_since;
    int64_t epoch;     // the number of proposals at the start of the last slice of real time
    int64_t proposal;  // the proposal of the caller to jump; 0 for none
    uint64_t activity; // the activity of all threads except the waiting ones at that time
    uint32_t events;
    int slot;
};

/// Registers that the calling thread waits until `deadline`, or INT64_MAX for a thread that only serves others. `patience` is the
/// real time in nanoseconds for which all threads must be idle before the time jumps.
struct rd_wait rd_wait_begin(struct rd_time *_Nonnull time, int64_t deadline, int64_t patience);
/// Whether the wait has ended. Call it again after a short real time.
bool rd_wait_is_over(struct rd_wait *_Nonnull wait);
void rd_wait_end(struct rd_wait *_Nonnull wait);

/// Waits until the shared time reaches `deadline`. Returns false early if a signal arrives.
bool rd_time_sleep(struct rd_time *_Nonnull time, int64_t deadline, int64_t patience);
