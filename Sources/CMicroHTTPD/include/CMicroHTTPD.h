// libmicrohttpd, loaded on first use: a table of function pointers instead of a link-time dependency.
#pragma once
#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

/// Loads libmicrohttpd once. Returns NULL on success, or an error message. Safe to call from any thread.
const char *_Nullable microhttpd_open(void);

/// The callbacks of a daemon. Each receives `context`.
struct rd_daemon_callbacks {
    /// Called with the raw request target. The returned pointer is the state of the request.
    void *_Nullable (*_Nonnull begin)(void *_Nullable context, const char *_Nonnull target,
                                      struct MHD_Connection *_Nonnull connection);
    MHD_AccessHandlerCallback _Nonnull access;
    MHD_RequestCompletedCallback _Nonnull completed;
    void *_Nullable context;
};

/// Serves the listening `socket` with the given number of epoll threads. Connections are closed after `idle_seconds` without data.
struct MHD_Daemon *_Nullable rd_daemon_start(int socket, unsigned int threads, unsigned int idle_seconds,
                                             struct rd_daemon_callbacks callbacks);
/// Serves TLS on the sockets passed to `rd_daemon_adopt`. It does not listen. Certificate and key are in PEM format.
struct MHD_Daemon *_Nullable rd_daemon_start_tls(const char *_Nonnull certificate, const char *_Nonnull key,
                                                 unsigned int idle_seconds, struct rd_daemon_callbacks callbacks);
/// Passes a connected socket to the daemon, which closes it, also on failure.
enum MHD_Result rd_daemon_adopt(struct MHD_Daemon *_Nonnull daemon, int socket);
/// The number of open connections.
unsigned int rd_daemon_connections(struct MHD_Daemon *_Nonnull daemon);
void rd_daemon_stop(struct MHD_Daemon *_Nonnull daemon);
enum MHD_Result rd_queue(struct MHD_Connection *_Nonnull connection, unsigned int status,
                         struct MHD_Response *_Nonnull response);
struct MHD_Response *_Nullable rd_response_copying(const void *_Nullable bytes, size_t count);
/// A response whose body is produced by `reader`. `count` is the Content-Length. `release` is called with `context` at the end.
struct MHD_Response *_Nullable rd_response_reading(uint64_t count, MHD_ContentReaderCallback _Nonnull reader,
                                                   void *_Nullable context,
                                                   MHD_ContentReaderFreeCallback _Nonnull release);
/// Writes bytes directly to the socket, without blocking.
void rd_send(struct MHD_Connection *_Nonnull connection, const void *_Nonnull bytes, size_t count);
/// The socket of a connection.
int rd_socket(struct MHD_Connection *_Nonnull connection);
enum MHD_Result rd_response_header(struct MHD_Response *_Nonnull response, const char *_Nonnull name,
                                   const char *_Nonnull value);
void rd_response_destroy(struct MHD_Response *_Nonnull response);
int rd_headers(struct MHD_Connection *_Nonnull connection, MHD_KeyValueIterator _Nonnull iterator, void *_Nullable context);
void rd_suspend(struct MHD_Connection *_Nonnull connection);
void rd_resume(struct MHD_Connection *_Nonnull connection);
