// Opens a dynamic library and finds its functions.
#pragma once
#include <stddef.h>

/// A function of a library and the pointer to set.
struct rd_symbol {
    const char *name;
    void **pointer;
};

/// Opens a library and sets the pointers of its functions.
///
/// @param library The file name of the library.
/// @param requirement Text that is appended to the error for a missing function, such as the required version.
/// @return NULL, or an error that remains valid until the process ends.
const char *rd_load_library(const char *library, const struct rd_symbol *symbols, size_t count, const char *requirement);

/// The pointers and the table of the functions that `EACH_FUNCTION` lists.
#define RD_POINTER(name) static __typeof__(&name) p_##name;
#define RD_SYMBOL(name) {#name, (void **)&p_##name},
#define RD_FUNCTIONS(EACH_FUNCTION) \
    EACH_FUNCTION(RD_POINTER) \
    static const struct rd_symbol functions[] = {EACH_FUNCTION(RD_SYMBOL)};
#define RD_LOAD(library, requirement) \
    rd_load_library(library, functions, sizeof functions / sizeof functions[0], requirement)
