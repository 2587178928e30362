#include "CMicroHTTPD.h"
#include "CLibraryLoader.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#ifdef __APPLE__
#define LIBRARY "libmicrohttpd.12.dylib"
#define POLLING MHD_USE_AUTO_INTERNAL_THREAD
#define TLS_POLLING MHD_USE_AUTO_INTERNAL_THREAD
#else
#define LIBRARY "libmicrohttpd.so.12"
#define POLLING MHD_USE_EPOLL_INTERNAL_THREAD
// With epoll, MHD 0.9.75 treats a handshake that waits for the client as ready, and spins until the client continues.
#define TLS_POLLING MHD_USE_POLL_INTERNAL_THREAD
#endif

#define EACH_FUNCTION(F) \
    F(MHD_start_daemon) F(MHD_stop_daemon) F(MHD_get_daemon_info) F(MHD_queue_response) F(MHD_create_response_from_buffer) \
    F(MHD_add_response_header) F(MHD_destroy_response) F(MHD_get_connection_values) F(MHD_suspend_connection) \
    F(MHD_resume_connection) F(MHD_create_response_from_callback) F(MHD_get_connection_info) \
    F(MHD_add_connection)

RD_FUNCTIONS(EACH_FUNCTION)

static const char *outcome;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    outcome = RD_LOAD(LIBRARY, "");
}

const char *microhttpd_open(void) {
    pthread_once(&once, open_library);
    return outcome;
}

// The memory for the header fields of a request and a response. MHD clears all of it after every request, so that the default of
// 32 KB takes a tenth of the time of a small request.
static const size_t memory_limit_in_bytes = 16384;

struct MHD_Daemon *rd_daemon_start(int socket, unsigned int threads, unsigned int idle_seconds,
                                   struct rd_daemon_callbacks callbacks) {
    // The Date header of MHD is suppressed. The handler sets it, since a simulator has its own clock.
    return p_MHD_start_daemon(
        POLLING | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL, callbacks.access,
        callbacks.context, MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_URI_LOG_CALLBACK, callbacks.begin, callbacks.context, MHD_OPTION_NOTIFY_COMPLETED,
        callbacks.completed, callbacks.context, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_limit_in_bytes,
        threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, MHD_OPTION_END);
}
struct MHD_Daemon *rd_daemon_start_tls(const char *certificate, const char *key, unsigned int idle_seconds,
                                       struct rd_daemon_callbacks callbacks) {
    return p_MHD_start_daemon(
        TLS_POLLING | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_TLS | MHD_USE_NO_LISTEN_SOCKET,
        0, NULL, NULL, callbacks.access, callbacks.context, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_URI_LOG_CALLBACK,
        callbacks.begin, callbacks.context, MHD_OPTION_NOTIFY_COMPLETED, callbacks.completed, callbacks.context,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_limit_in_bytes, MHD_OPTION_END);
}
enum MHD_Result rd_daemon_adopt(struct MHD_Daemon *daemon, int socket) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    getpeername(socket, (struct sockaddr *)&address, &size);
    // GnuTLS writes a handshake in small packets. Without this option, each waits for the acknowledgement of the previous one
    // (40 ms).
    int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return p_MHD_add_connection(daemon, socket, (struct sockaddr *)&address, size);
}
unsigned int rd_daemon_connections(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = p_MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info ? info->num_connections : 0;
}
void rd_daemon_stop(struct MHD_Daemon *daemon) { p_MHD_stop_daemon(daemon); }
enum MHD_Result rd_queue(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response) {
    return p_MHD_queue_response(connection, status, response);
}
struct MHD_Response *rd_response_copying(const void *bytes, size_t count) {
    return p_MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}
struct MHD_Response *rd_response_reading(uint64_t count, MHD_ContentReaderCallback reader, void *context,
                                         MHD_ContentReaderFreeCallback release) {
    return p_MHD_create_response_from_callback(count, 4096, reader, context, release);
}
int rd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = p_MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}
void rd_send(struct MHD_Connection *connection, const void *bytes, size_t count) {
#ifdef MSG_NOSIGNAL
    send(rd_socket(connection), bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
#else
    send(rd_socket(connection), bytes, count, MSG_DONTWAIT);
#endif
}
enum MHD_Result rd_response_header(struct MHD_Response *response, const char *name, const char *value) {
    return p_MHD_add_response_header(response, name, value);
}
void rd_response_destroy(struct MHD_Response *response) { p_MHD_destroy_response(response); }
int rd_headers(struct MHD_Connection *connection, MHD_KeyValueIterator iterator, void *context) {
    return p_MHD_get_connection_values(connection, MHD_HEADER_KIND, iterator, context);
}
void rd_suspend(struct MHD_Connection *connection) { p_MHD_suspend_connection(connection); }
void rd_resume(struct MHD_Connection *connection) { p_MHD_resume_connection(connection); }
