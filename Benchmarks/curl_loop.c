// A bare libcurl multi loop: sends COUNT GETs of URL, IN_FLIGHT concurrently, and prints requests per second. It does the minimum
// that a client must do: it sends the same header fields with each request, and stores header and body of each response.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    char *body, *head;
    size_t body_size, head_size;
};

static size_t append(char **text, size_t *size, const char *data, size_t count) {
    *text = realloc(*text, *size + count);
    memcpy(*text + *size, data, count);
    *size += count;
    return count;
}
static size_t on_body(char *data, size_t size, size_t count, void *t) {
    return append(&((struct transfer *)t)->body, &((struct transfer *)t)->body_size, data, size * count);
}
static size_t on_header(char *data, size_t size, size_t count, void *t) {
    return append(&((struct transfer *)t)->head, &((struct transfer *)t)->head_size, data, size * count);
}

static void start(CURLM *multi, struct transfer *t, const char *url) {
    t->headers = curl_slist_append(NULL, "Accept: application/json");
    t->headers = curl_slist_append(t->headers, "Authorization: Bearer 0123456789012345678901234567890123456789");
    curl_easy_reset(t->easy);
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "ringdown");
    curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_multi_add_handle(multi, t->easy);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 4) return 64;
    int in_flight = atoi(argv[2]), count = atoi(argv[3]), started = 0, finished = 0, running, left;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 128L);
    struct transfer *transfers = calloc(in_flight, sizeof *transfers);
    double begin = now();
    for (; started < in_flight && started < count; started++) {
        transfers[started].easy = curl_easy_init();
        start(multi, &transfers[started], argv[1]);
    }
    while (finished < count) {
        curl_multi_perform(multi, &running);
        int progressed = 0;
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
            struct transfer *t;
            long status;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
            if (message->data.result != CURLE_OK || status != 200) return 1;
            curl_multi_remove_handle(multi, t->easy);
            curl_slist_free_all(t->headers);
            free(t->body), free(t->head);
            t->body = t->head = NULL, t->body_size = t->head_size = 0;
            finished++, progressed = 1;
            if (started < count) started++, start(multi, t, argv[1]);
        }
        if (!progressed) curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    printf("%.0f\n", count / (now() - begin));
    return 0;
}
