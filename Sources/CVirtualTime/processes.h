#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether all threads of these processes and of the ones that they started sleep, but for those that `is_exempt` names.
/// `activity` differs from one call to the next when one of these threads has run in between. Where the system does not tell,
/// they sleep.
bool rd_processes_are_asleep(const int32_t *processes, int count, bool (*is_exempt)(const void *context, int32_t thread),
                             const void *context, uint64_t *activity);
