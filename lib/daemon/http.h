/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* HTTP/2 over TLS, many requests at a time on few connections: libcurl's multi interface, and the wait of the
 * one loop. Certificates are always verified, redirects never followed; without TLS only where it is allowed. */
#ifndef LIB_DAEMON_HTTP_H
#define LIB_DAEMON_HTTP_H

#include <curl/curl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_ANSWER_MAX   8192  /* of an answer's body, unless the request says more; the rest is not kept */
#define HTTP_RECEIVED_MAX 65536 /* of a body; whoever sends more is not listened to */
#define HTTP_FDS_MAX      8     /* beside its own that it can wait for */

struct http;
struct transfer;

/* Filled by whoever wants something sent. */
struct http_request {
    char *url, *body; /* malloc'ed; body NULL: HEAD */
    size_t body_len;
    struct curl_slist *headers;
    const char *ca_file; /* NULL: the system's; borrowed while it is under way */
    long timeout_ms;
    size_t
        answer_max; /* bytes of the answer's body that are kept, at most HTTP_RECEIVED_MAX; 0: HTTP_ANSWER_MAX */
    bool plain_allowed; /* http:// is, too: HTTP/1.1 */
};
/* Frees what is in it; {0} is fine. */
void http_request_clear(struct http_request *request);
/* Adds "Name: value". false: out of memory. */
__attribute__((warn_unused_result, format(printf, 2, 3))) bool http_header(struct http_request *request,
                                                                           const char *format, ...);

enum http_failure {
    HTTP_ANSWERED,
    HTTP_TIMEOUT,    /* it may have arrived */
    HTTP_BROKEN,     /* the connection ended under way: it may have arrived */
    HTTP_NO_TIME,    /* no connection in time */
    HTTP_UNREACHABLE /* no connection: name, route, TLS */
};
struct http_answer {
    enum http_failure failure;
    const char *error; /* when it is not HTTP_ANSWERED: what libcurl says */
    long status;
    const char *body;            /* NUL-terminated, what is kept of it; gone when the callback returns */
    int64_t retry_after_seconds; /* -1: not given */
    int64_t took_ms;
};
/* Called once for each http_send that succeeded, unless http_cancel comes first. */
typedef void http_callback(void *context, const struct http_answer *answer);

/* `agent`, which is borrowed, is what requests say that we are; a host gets so many connections. NULL: out of memory. */
struct http *http_open(const char *agent, long host_connections);
/* What is under way ends without a callback. NULL is fine. */
void http_close(struct http *http);
/* What files of certificates hold is read anew for the connections to come: libcurl keeps it for a day. */
void http_forget_files(struct http *http);
/* Takes what is in `request` in any case. NULL: out of memory. */
struct transfer *http_send(struct http *http, struct http_request *request, http_callback *callback,
                           void *context);
void http_cancel(struct http *http, struct transfer *transfer);
/* Waits at most `timeout_ms` for the network or one of `fds` (POLLIN, POLLOUT), whose revents it sets, and calls
 * back what is complete. `count` is at most HTTP_FDS_MAX. */
void http_turn(struct http *http, struct pollfd *fds, unsigned count, int timeout_ms);

#endif
