#include "CCurl.h"
#include "CLibraryLoader.h"
#include <pthread.h>
#include <stdio.h>

#ifdef __APPLE__
#define LIBRARY "libcurl.4.dylib"
#else
#define LIBRARY "libcurl.so.4"
#endif

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define EACH_FUNCTION(F) \
    F(curl_global_init) F(curl_easy_init) F(curl_easy_cleanup) F(curl_easy_strerror) \
    F(curl_easy_setopt) F(curl_easy_getinfo) F(curl_multi_init) F(curl_multi_cleanup) F(curl_multi_add_handle) \
    F(curl_multi_remove_handle) F(curl_multi_perform) F(curl_multi_poll) F(curl_multi_wakeup) F(curl_multi_info_read) \
    F(curl_multi_setopt) F(curl_slist_append) F(curl_slist_free_all) F(curl_easy_perform) F(curl_easy_send) F(curl_easy_recv) \
    F(curl_version_info)

RD_FUNCTIONS(EACH_FUNCTION)

static const char *outcome;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    outcome = RD_LOAD(LIBRARY, "; version 7.85 or later is required");
    if (!outcome && p_curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) outcome = LIBRARY " could not be initialised";
}

const char *curl_open(void) {
    pthread_once(&once, open_library);
    return outcome;
}

CURL *rd_easy_init(void) { return p_curl_easy_init(); }
void rd_easy_cleanup(CURL *easy) { p_curl_easy_cleanup(easy); }
const char *rd_easy_strerror(CURLcode code) { return p_curl_easy_strerror(code); }
CURLM *rd_multi_init(void) { return p_curl_multi_init(); }
CURLMcode rd_multi_cleanup(CURLM *multi) { return p_curl_multi_cleanup(multi); }
CURLMcode rd_multi_add_handle(CURLM *multi, CURL *easy) { return p_curl_multi_add_handle(multi, easy); }
CURLMcode rd_multi_remove_handle(CURLM *multi, CURL *easy) { return p_curl_multi_remove_handle(multi, easy); }
CURLMcode rd_multi_perform(CURLM *multi, int *running) { return p_curl_multi_perform(multi, running); }
CURLMcode rd_multi_poll(CURLM *multi, int timeout_ms) { return p_curl_multi_poll(multi, NULL, 0, timeout_ms, NULL); }
CURLMcode rd_multi_wakeup(CURLM *multi) { return p_curl_multi_wakeup(multi); }
CURLMsg *rd_multi_info_read(CURLM *multi, int *left) { return p_curl_multi_info_read(multi, left); }
CURLMcode rd_multi_setopt_long(CURLM *multi, CURLMoption option, long value) {
    return p_curl_multi_setopt(multi, option, value);
}
struct curl_slist *rd_slist_append(struct curl_slist *list, const char *text) { return p_curl_slist_append(list, text); }
void rd_slist_free_all(struct curl_slist *list) { p_curl_slist_free_all(list); }
CURLcode rd_setopt_long(CURL *easy, CURLoption option, long value) { return p_curl_easy_setopt(easy, option, value); }
CURLcode rd_setopt_off(CURL *easy, CURLoption option, curl_off_t value) { return p_curl_easy_setopt(easy, option, value); }
CURLcode rd_setopt_text(CURL *easy, CURLoption option, const char *value) {
    return p_curl_easy_setopt(easy, option, value);
}
CURLcode rd_setopt_pointer(CURL *easy, CURLoption option, const void *value) {
    return p_curl_easy_setopt(easy, option, value);
}
CURLcode rd_setopt_callback(CURL *easy, CURLoption option, rd_data_callback value) {
    return p_curl_easy_setopt(easy, option, value);
}
CURLcode rd_getinfo_long(CURL *easy, CURLINFO info, long *value) { return p_curl_easy_getinfo(easy, info, value); }
CURLcode rd_getinfo_text(CURL *easy, CURLINFO info, const char **value) { return p_curl_easy_getinfo(easy, info, value); }
CURLcode rd_getinfo_off(CURL *easy, CURLINFO info, curl_off_t *value) { return p_curl_easy_getinfo(easy, info, value); }
void rd_each_certificate_field(CURL *easy, void *context, void (*each)(void *, int, const char *)) {
    struct curl_certinfo *chain = NULL;
    if (p_curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain) return;
    for (int index = 0; index < chain->num_of_certs; index++)
        for (struct curl_slist *field = chain->certinfo[index]; field; field = field->next) each(context, index, field->data);
}
CURLcode rd_message_result(const CURLMsg *message) { return message->data.result; }
CURLcode rd_easy_perform(CURL *easy) { return p_curl_easy_perform(easy); }
CURLcode rd_easy_send(CURL *easy, const void *bytes, size_t count, size_t *sent) { return p_curl_easy_send(easy, bytes, count, sent); }
CURLcode rd_easy_recv(CURL *easy, void *bytes, size_t count, size_t *received) {
    return p_curl_easy_recv(easy, bytes, count, received);
}
int rd_active_socket(CURL *easy) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    return p_curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK ? (int)socket : -1;
}
unsigned int rd_version_number(void) { return p_curl_version_info(CURLVERSION_NOW)->version_num; }
