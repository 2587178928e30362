#include "CZlib.h"
#include "CLibraryLoader.h"
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#ifdef __APPLE__
#define LIBRARY "libz.1.dylib"
#else
#define LIBRARY "libz.so.1"
#endif

#define EACH_FUNCTION(F) F(inflateInit2_) F(inflate) F(inflateReset) F(inflateEnd)

RD_FUNCTIONS(EACH_FUNCTION)

static const char *outcome;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    outcome = RD_LOAD(LIBRARY, "");
}

const char *zlib_open(void) {
    pthread_once(&once, open_library);
    return outcome;
}

struct rd_inflater {
    z_stream stream;
    int is_complete;
};

// The window size of gzip, with the header and the checksum.
static const int gzip_window_bits = 15 + 16;

struct rd_inflater *rd_inflater_new(void) {
    struct rd_inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater) return NULL;
    if (p_inflateInit2_(&inflater->stream, gzip_window_bits, ZLIB_VERSION, (int)sizeof(z_stream)) == Z_OK) return inflater;
    free(inflater);
    return NULL;
}

int rd_inflater_decode(
    struct rd_inflater *inflater, const void *bytes, size_t count, void *context,
    int (*output)(void *context, const void *bytes, size_t count)) {
    z_stream *stream = &inflater->stream;
    unsigned char buffer[16384];
    stream->next_in = (Bytef *)bytes;
    stream->avail_in = (uInt)count;
    while (stream->avail_in > 0 || stream->avail_out == 0) {
        if (inflater->is_complete) {
            if (stream->avail_in == 0) break;
            // Several members follow one another as one body (RFC 1952 section 2.2).
            if (p_inflateReset(stream) != Z_OK) return -1;
            inflater->is_complete = 0;
        }
        stream->next_out = buffer;
        stream->avail_out = sizeof buffer;
        int result = p_inflate(stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return -1;
        size_t produced = sizeof buffer - stream->avail_out;
        if (produced > 0 && !output(context, buffer, produced)) return -2;
        if (result == Z_STREAM_END) inflater->is_complete = 1;
        if (result == Z_BUF_ERROR && produced == 0) break;
    }
    return inflater->is_complete;
}

void rd_inflater_free(struct rd_inflater *inflater) {
    if (!inflater) return;
    p_inflateEnd(&inflater->stream);
    free(inflater);
}
