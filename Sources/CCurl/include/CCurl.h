// libcurl, loaded on first use: a table of function pointers instead of a link-time dependency.
#pragma once
#include <curl/curl.h>
#include <stddef.h>

/// Loads and initialises libcurl once. Returns NULL on success, or an error message. Safe to call from any thread.
const char *_Nullable curl_open(void);

/// The libcurl functions with the same names. Call them only after curl_open() has returned NULL.
CURL *_Nullable rd_easy_init(void);
void rd_easy_cleanup(CURL *_Nonnull easy);
const char *_Nonnull rd_easy_strerror(CURLcode code);
CURLM *_Nullable rd_multi_init(void);
CURLMcode rd_multi_cleanup(CURLM *_Nonnull multi);
CURLMcode rd_multi_add_handle(CURLM *_Nonnull multi, CURL *_Nonnull easy);
CURLMcode rd_multi_remove_handle(CURLM *_Nonnull multi, CURL *_Nonnull easy);
CURLMcode rd_multi_perform(CURLM *_Nonnull multi, int *_Nonnull running);
CURLMcode rd_multi_poll(CURLM *_Nonnull multi, int timeout_ms);
CURLMcode rd_multi_wakeup(CURLM *_Nonnull multi);
CURLMsg *_Nullable rd_multi_info_read(CURLM *_Nonnull multi, int *_Nonnull left);
CURLMcode rd_multi_setopt_long(CURLM *_Nonnull multi, CURLMoption option, long value);
struct curl_slist *_Nullable rd_slist_append(struct curl_slist *_Nullable list, const char *_Nonnull text);
void rd_slist_free_all(struct curl_slist *_Nullable list);

// The variadic functions, one for each type of argument.
typedef size_t (*rd_data_callback)(char *_Nonnull data, size_t size, size_t count, void *_Nullable context);
CURLcode rd_setopt_long(CURL *_Nonnull easy, CURLoption option, long value);
CURLcode rd_setopt_off(CURL *_Nonnull easy, CURLoption option, curl_off_t value);
CURLcode rd_setopt_text(CURL *_Nonnull easy, CURLoption option, const char *_Nullable value);
CURLcode rd_setopt_pointer(CURL *_Nonnull easy, CURLoption option, const void *_Nullable value);
CURLcode rd_setopt_callback(CURL *_Nonnull easy, CURLoption option, rd_data_callback _Nonnull value);
CURLcode rd_getinfo_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value);
CURLcode rd_getinfo_text(CURL *_Nonnull easy, CURLINFO info, const char *_Nullable *_Nonnull value);
CURLcode rd_getinfo_off(CURL *_Nonnull easy, CURLINFO info, curl_off_t *_Nonnull value);
/// Calls `each` with every `Name:value` of every certificate in the chain of the server, starting with the server certificate.
void rd_each_certificate_field(
    CURL *_Nonnull easy, void *_Nullable context,
    void (*_Nonnull each)(void *_Nullable context, int certificate, const char *_Nonnull field));
/// The result of a completed transfer (a union in C, which Swift cannot access by name).
CURLcode rd_message_result(const CURLMsg *_Nonnull message);
CURLcode rd_easy_perform(CURL *_Nonnull easy);
CURLcode rd_easy_send(CURL *_Nonnull easy, const void *_Nonnull bytes, size_t count, size_t *_Nonnull sent);
CURLcode rd_easy_recv(CURL *_Nonnull easy, void *_Nonnull bytes, size_t count, size_t *_Nonnull received);
/// The socket of a handle with CURLOPT_CONNECT_ONLY; negative without a connection.
int rd_active_socket(CURL *_Nonnull easy);
/// The version of the loaded library as 0xXXYYZZ. The headers used at compile time can be newer or older.
unsigned int rd_version_number(void);
