// A bare libmicrohttpd server that answers every request with the same 60 bytes; prints its port.
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char body[] = "{\"id\":\"0bb980a5-75a8-4661-bec0-8aa83b63f1ee\",\"name\":\"Ada L\"}";

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *count, void **state) {
    (void)context, (void)url, (void)method, (void)version, (void)data, (void)count;
    if (!*state) {
        *state = (void *)1;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(sizeof body - 1, (void *)body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

int main(void) {
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_END);
    if (!daemon) return 1;
    printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {}  // until whoever started it closes the pipe
    MHD_stop_daemon(daemon);
    return 0;
}
