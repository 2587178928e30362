#include "CLibraryLoader.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char *copy(const char *text) {
    const char *copy = strdup(text);
    return copy ? copy : "out of memory";
}

const char *rd_load_library(const char *library, const struct rd_symbol *symbols, size_t count, const char *requirement) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return copy(dlerror());
    for (size_t index = 0; index < count; index++) {
        *symbols[index].pointer = dlsym(handle, symbols[index].name);
        if (*symbols[index].pointer) continue;
        char error[256];
        snprintf(error, sizeof error, "%s has no function %s%s", library, symbols[index].name, requirement);
        return copy(error);
    }
    return NULL;
}
