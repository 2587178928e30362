// libmicrohttpd, opened when it is first used: a table of function pointers instead of a link-time dependency.
#pragma once
#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

/// Opens libmicrohttpd once. Returns NULL, or what went wrong. Safe to call from any thread.
const char *_Nullable microhttpd_open(void);

/// The callbacks of one daemon; `context` is handed to each of them.
struct rd_daemon_callbacks {
    /// The raw request target; what is returned becomes the request's own state.
    void *_Nullable (*_Nonnull begin)(void *_Nullable context, const char *_Nonnull target,
                                      struct MHD_Connection *_Nonnull connection);
    MHD_AccessHandlerCallback _Nonnull access;
    MHD_RequestCompletedCallback _Nonnull completed;
    void *_Nullable context;
};

/// Serves `socket`, which must be listening, from so many epoll threads; `idle_seconds` closes silent connections.
struct MHD_Daemon *_Nullable rd_daemon_start(int socket, unsigned int threads, unsigned int idle_seconds,
                                             struct rd_daemon_callbacks callbacks);
/// Serves TLS on the sockets that `rd_daemon_adopt` hands over; it listens nowhere. Certificate and key are PEM.
struct MHD_Daemon *_Nullable rd_daemon_start_tls(const char *_Nonnull certificate, const char *_Nonnull key,
                                                 unsigned int idle_seconds, struct rd_daemon_callbacks callbacks);
/// Hands a connected socket over, which the daemon closes in any case.
enum MHD_Result rd_daemon_adopt(struct MHD_Daemon *_Nonnull daemon, int socket);
/// How many connections are open.
unsigned int rd_daemon_connections(struct MHD_Daemon *_Nonnull daemon);
void rd_daemon_stop(struct MHD_Daemon *_Nonnull daemon);
enum MHD_Result rd_queue(struct MHD_Connection *_Nonnull connection, unsigned int status,
                         struct MHD_Response *_Nonnull response);
struct MHD_Response *_Nullable rd_response_copying(const void *_Nullable bytes, size_t count);
/// A body that `reader` gives; `count` is what Content-Length says. `release` is called with `context` at the end.
struct MHD_Response *_Nullable rd_response_reading(uint64_t count, MHD_ContentReaderCallback _Nonnull reader,
                                                   void *_Nullable context,
                                                   MHD_ContentReaderFreeCallback _Nonnull release);
/// Writes bytes past MHD, as far as the socket takes them at once.
void rd_send(struct MHD_Connection *_Nonnull connection, const void *_Nonnull bytes, size_t count);
/// The socket of a connection.
int rd_socket(struct MHD_Connection *_Nonnull connection);
enum MHD_Result rd_response_header(struct MHD_Response *_Nonnull response, const char *_Nonnull name,
                                   const char *_Nonnull value);
void rd_response_destroy(struct MHD_Response *_Nonnull response);
int rd_headers(struct MHD_Connection *_Nonnull connection, MHD_KeyValueIterator _Nonnull iterator, void *_Nullable context);
void rd_suspend(struct MHD_Connection *_Nonnull connection);
void rd_resume(struct MHD_Connection *_Nonnull connection);
