// Decompression with zlib, which is opened when it is first used.
#pragma once
#include <stddef.h>

struct rd_inflater;

/// Opens zlib. Returns NULL, or an error that remains valid until the process ends.
const char *_Nullable zlib_open(void);
/// Creates a decoder for gzip. Returns NULL if memory is exhausted. `zlib_open` must have succeeded.
struct rd_inflater *_Nullable rd_inflater_new(void);
/// Decodes bytes and passes the result to `output` in parts. `output` returns 0 to stop.
///
/// @return 1 at the end of the compressed data, 0 if more bytes are needed, -1 if the data are malformed, -2 if `output` stopped.
int rd_inflater_decode(
    struct rd_inflater *_Nonnull inflater, const void *_Nonnull bytes, size_t count, void *_Nullable context,
    int (*_Nonnull output)(void *_Nullable context, const void *_Nonnull bytes, size_t count));
void rd_inflater_free(struct rd_inflater *_Nullable inflater);
