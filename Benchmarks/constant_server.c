// A bare libmicrohttpd server that answers every request with the same 60 bytes. Prints its port. With an argument, it sends that
// many bytes, and constant header fields like those of the simulated platform.
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char body[1 << 20] = "{\"id\":\"0bb980a5-75a8-4661-bec0-8aa83b63f1ee\",\"name\":\"Ada L\"}";
static size_t size = 60, field_count = 0;
static const char *const fields[][2] = {{"ININ-Correlation-Id", "6f6f4a1e-6b7c-4d6a-9d0b-9b7f0f6f4a1e"},
                                        {"inin-ratelimit-count", "17"},
                                        {"inin-ratelimit-allowed", "300"},
                                        {"inin-ratelimit-reset", "42"}};

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *count, void **state) {
    (void)context, (void)url, (void)method, (void)version, (void)data, (void)count;
    if (!*state) {
        *state = (void *)1;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    for (size_t index = 0; index < field_count; index++)
        MHD_add_response_header(response, fields[index][0], fields[index][1]);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

int main(int count, char **arguments) {
    if (count > 1) {
        size = strtoul(arguments[1], NULL, 10);
        if (size > sizeof body) return 64;
        if (size > 60) memset(body + 60, ' ', size - 60);
        field_count = sizeof fields / sizeof *fields;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_END);
    if (!daemon) return 1;
    printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {}  // until the parent process closes the pipe
    MHD_stop_daemon(daemon);
    return 0;
}
