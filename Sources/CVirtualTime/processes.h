#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether all threads of these processes and of their children sleep, except for those that `is_exempt` excludes. `activity`
/// changes between two calls if one of these threads has run. Threads of unknown state count as sleeping.
bool rd_processes_are_asleep(const int32_t *processes, int count, bool (*is_exempt)(const void *context, int32_t thread),
                             const void *context, uint64_t *activity);
