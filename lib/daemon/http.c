/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/daemon/http.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/basics.h"
#include "lib/clock.h"

#define CONNECTIONS_KEPT   64L /* of all hosts, idle; by itself libcurl keeps four while little is to do */
#define STREAMS_PER_HOST   1000L
#define CONNECT_TIMEOUT_MS 5000L
#define DEAD_LINK_MS       10000U /* unacknowledged data for so long: the connection is given up */
#define IDLE_SECONDS       60L
#define FILES_KEPT_SECONDS 86400  /* as libcurl does by itself */
#define RECEIVE_BYTES      2048L  /* a buffer of each request */
#define SEND_BYTES         16384L /* another one, the least there is */

struct transfer {
    CURL *easy;
    struct http_request request;
    http_callback *callback;
    void *context;
    char *body; /* answer_max + 1 bytes, once there is something: most answers have none */
    char error[CURL_ERROR_SIZE];
    size_t body_len, received;
    struct transfer *prev, *next;
};

struct http {
    CURLM *multi;
    const char *agent;
    struct transfer *transfers;
    int64_t forgotten; /* when http_forget_files was called last; 0: never */
};

void http_request_clear(struct http_request *request)
{
    curl_slist_free_all(request->headers);
    free(request->url);
    free(request->body);
    *request = (struct http_request){0};
}

bool http_header(struct http_request *request, const char *format, ...)
{
    char *line = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&line, format, args);
    va_end(args);
    if (len < 0)
        return false;
    struct curl_slist *more = curl_slist_append(request->headers, line);
    free(line);
    if (more)
        request->headers = more;
    return more != NULL;
}

struct http *http_open(const char *agent, long host_connections)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        return NULL;
    }
    http->agent = agent;
    http->multi = curl_multi_init();
    if (!http->multi || curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, host_connections) ||
        curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) ||
        curl_multi_setopt(http->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, STREAMS_PER_HOST)) {
        http_close(http);
        return NULL;
    }
    return http;
}

static void transfer_free(struct http *http, struct transfer *transfer)
{
    if (transfer->easy) {
        curl_multi_remove_handle(http->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    DL_DELETE(http->transfers, transfer);
    http_request_clear(&transfer->request);
    free(transfer->body);
    free(transfer);
}

void http_close(struct http *http)
{
    if (!http)
        return;
    while (http->transfers)
        transfer_free(http, http->transfers);
    curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const size_t max = transfer->request.answer_max, room = max - transfer->body_len, len = size * count;
    transfer->received += len;
    if (!transfer->body)
        transfer->body = malloc(max + 1);
    if (!transfer->body || transfer->received > HTTP_RECEIVED_MAX)
        return CURL_WRITEFUNC_ERROR;
    size_t kept = len < room ? len : room;
    memcpy(transfer->body + transfer->body_len, data, kept);
    transfer->body_len += kept;
    transfer->body[transfer->body_len] = '\0';
    return len;
}

/* A connection whose other end has vanished must not be used again and again. */
static int on_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
    unsigned timeout = DEAD_LINK_MS;
    (void)context, (void)purpose;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
    return CURL_SOCKOPT_OK;
}

void http_forget_files(struct http *http)
{
    http->forgotten = clock_steady();
}

/* What it has read before they were to be forgotten is too old for libcurl then. */
static bool limit_age_of_files(const struct http *http, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700 /* before, it keeps nothing */
    const int64_t age = (clock_steady() - http->forgotten) / 1000;
    return http->forgotten == 0 ||
           !curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)smaller(age, FILES_KEPT_SECONDS));
#else
    return http && easy;
#endif
}

/* A CA file of one's own is the only one: the system's folder would count beside it. */
static bool set_trust(CURL *easy, const char *ca_file)
{
    return !ca_file || (!curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) &&
                        !curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
}

/* Without TLS nobody would wait for a connection to say whether it can be shared. */
static long version_for(const char *url)
{
    return strncmp(url, "https:", strlen("https:")) == 0 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
}

static bool set_connection(CURL *easy, const struct http_request *request)
{
    return !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, request->plain_allowed ? "https,http" : "https") &&
           !curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) &&
           /* or giving up a name that is being looked up would wait for that */
           !curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version_for(request->url)) &&
           !curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           set_trust(easy, request->ca_file) && !curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket) &&
           !curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, IDLE_SECONDS) &&
           !curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, IDLE_SECONDS) &&
           !curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) &&
           !curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->timeout_ms) &&
           !curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES) &&
           !curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES);
}

static bool set_content(CURL *easy, const struct http_request *request)
{
    if (!request->body)
        return !curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return !curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len) &&
           !curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
}

static bool set_up(const struct http *http, struct transfer *transfer)
{
    const struct http_request *request = &transfer->request;
    CURL *easy = transfer->easy;
    return set_connection(easy, request) && limit_age_of_files(http, easy) && set_content(easy, request) &&
           !curl_easy_setopt(easy, CURLOPT_URL, request->url) &&
           !curl_easy_setopt(easy, CURLOPT_USERAGENT, http->agent) &&
           !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) &&
           !curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) &&
           !curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

struct transfer *http_send(struct http *http, struct http_request *request, http_callback *callback,
                           void *context)
{
    struct transfer *transfer = malloc(sizeof *transfer);
    if (!transfer) {
        http_request_clear(request);
        return NULL;
    }
    transfer->request = *request;
    if (transfer->request.answer_max == 0)
        transfer->request.answer_max = HTTP_ANSWER_MAX;
    transfer->callback = callback;
    transfer->context = context;
    transfer->error[0] = '\0';
    transfer->body = NULL;
    transfer->body_len = transfer->received = 0;
    transfer->easy = curl_easy_init();
    *request = (struct http_request){0};
    DL_APPEND(http->transfers, transfer);
    if (transfer->easy && set_up(http, transfer) &&
        curl_multi_add_handle(http->multi, transfer->easy) == CURLM_OK)
        return transfer;
    transfer_free(http, transfer);
    return NULL;
}

void http_cancel(struct http *http, struct transfer *transfer)
{
    transfer_free(http, transfer);
}

static enum http_failure failure_of(CURLcode code, CURL *easy)
{
    curl_off_t connected = 0;
    switch (code) {
    case CURLE_OK:
    case CURLE_WRITE_ERROR: /* on_body has had enough: the status is known */
        return HTTP_ANSWERED;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
        return connected > 0 ? HTTP_TIMEOUT : HTTP_NO_TIME;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return HTTP_BROKEN;
    default:
        return HTTP_UNREACHABLE;
    }
}

static void finish(struct http *http, struct transfer *transfer, CURLcode code)
{
    curl_off_t retry_after = 0, took_us = 0;
    struct http_answer answer = {.failure = failure_of(code, transfer->easy),
                                 .body = transfer->body ? transfer->body : ""};
    answer.error = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    answer.retry_after_seconds = retry_after > 0 ? retry_after : -1;
    answer.took_ms = took_us / 1000;
    transfer->callback(transfer->context, &answer);
    transfer_free(http, transfer);
}

static void wait_for(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms)
{
    struct curl_waitfd waits[HTTP_FDS_MAX] = {0};
    for (unsigned i = 0; i < count; i++) {
        waits[i].fd = fds[i].fd;
        waits[i].events = (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                                  (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
    }
    curl_multi_poll(http->multi, waits, count, timeout_ms, NULL);
    for (unsigned i = 0; i < count; i++)
        fds[i].revents = (short)((waits[i].revents & CURL_WAIT_POLLOUT ? POLLOUT : 0) |
                                 (waits[i].revents & ~CURL_WAIT_POLLOUT ? POLLIN : 0));
}

void http_turn(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms)
{
    int running, left;
    CURLMsg *message;
    wait_for(http, fds, count, timeout_ms);
    curl_multi_perform(http->multi, &running);
    while ((message = curl_multi_info_read(http->multi, &left))) {
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) || !transfer)
            continue;
        finish(http, transfer, code);
    }
}
