#define _GNU_SOURCE
#include "processes.h"

#ifndef __linux__

bool rd_processes_are_asleep(const int32_t *processes, int count, bool (*is_exempt)(const void *, int32_t),
                             const void *context, uint64_t *activity) {
    (void)processes, (void)count, (void)is_exempt, (void)context;
    *activity = 0;
    return true;
}

#else

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct census {
    const int32_t *processes;
    int count;
    bool (*is_exempt)(const void *, int32_t);
    const void *context;
    uint64_t activity;
};

// Allocates no memory, since the caller can be at any point of an arbitrary program.
static ssize_t read_file(char *text, size_t size, int32_t process, int32_t thread, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/%s", process, thread, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, size - 1);
    close(file);
    if (count >= 0) text[count] = 0;
    return count;
}

static bool process_is_asleep(struct census *census, int32_t process);

static bool children_are_asleep(struct census *census, int32_t process, int32_t thread) {
    char text[1024];
    ssize_t count = read_file(text, sizeof text, process, thread, "children");
    if (count <= 0) return true;
    // If the list of children does not fit, the last number can be truncated. The omitted processes register themselves.
    char *last = strrchr(text, ' ');
    if (count == sizeof text - 1 && last) *last = 0;
    char *next = text;
    for (;;) {
        char *end;
        int32_t child = (int32_t)strtol(next, &end, 10);
        if (end == next) return true;
        next = end;
        bool is_listed = false;
        for (int index = 0; index < census->count; index++) is_listed = is_listed || census->processes[index] == child;
        if (!is_listed && !process_is_asleep(census, child)) return false;
    }
}

static bool thread_is_asleep(struct census *census, int32_t process, int32_t thread) {
    char text[512];
    if (!census->is_exempt(census->context, thread)) {
        if (read_file(text, sizeof text, process, thread, "stat") < 0) return true;
        const char *name_end = strrchr(text, ')');
        // Running, runnable, or in an uninterruptible call, such as a parent until its child has started.
        if (name_end && (name_end[2] == 'R' || name_end[2] == 'D')) return false;
        unsigned long long run_time = 0, wait_time = 0, runs = 0;
        if (read_file(text, sizeof text, process, thread, "schedstat") > 0)
            sscanf(text, "%llu %llu %llu", &run_time, &wait_time, &runs);
        census->activity += (uint64_t)thread * UINT64_C(0x9E3779B97F4A7C15) ^ runs << 20 ^ run_time;
    }
    return children_are_asleep(census, process, thread);
}

static bool process_is_asleep(struct census *census, int32_t process) {
    struct entry {
        uint64_t number;
        int64_t offset;
        uint16_t size;
        unsigned char type;
        char name[];
    };
    char path[32];
    _Alignas(struct entry) char entries[2048];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return true;
    bool is_asleep = true;
    long size;
    while (is_asleep && (size = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0)
        for (long place = 0; is_asleep && place < size; place += ((struct entry *)(entries + place))->size) {
            int32_t thread = (int32_t)strtol(((struct entry *)(entries + place))->name, NULL, 10);
            if (thread > 0) is_asleep = thread_is_asleep(census, process, thread);
        }
    close(directory);
    return is_asleep;
}

bool rd_processes_are_asleep(const int32_t *processes, int count, bool (*is_exempt)(const void *, int32_t),
                             const void *context, uint64_t *activity) {
    struct census census = {processes, count, is_exempt, context, 0};
    for (int index = 0; index < count; index++)
        if (!process_is_asleep(&census, processes[index])) return false;
    *activity = census.activity;
    return true;
}

#endif
