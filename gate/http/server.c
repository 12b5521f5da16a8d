/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "acl/code.h"
#include "gate/http/body.h"
#include "gate/http/exchange.h"
#include "gate/http/origins.h"
#include "gate/http/peer.h"
#include "gate/http/proxies.h"
#include "gate/http/request_check.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json.h"

#define BACKLOG      1024
#define MEMORY_BYTES 8192 /* of a connection: its headers have to fit */
#define LEAST_RATE   1024 /* bytes of a body that have to come in a second, after the first `timeout_seconds` */
#define SWEEP_MS     1000
#define STREAM_BYTES 1024 /* of an answer that goes on, at a time */
#define JSON_TYPE    "application/json"
#define NOT_THERE    "there is nothing under this path"

/* A connection. */
struct visitor {
    struct MHD_Connection *connection;
    int64_t deadline; /* for its request to be there as a whole; 0: it is */
    struct visitor *prev, *next;
};

struct extra_header {
    char *name, *value;
    struct extra_header *next;
};

struct exchange {
    struct server *server;
    struct MHD_Connection *connection;
    char *target, *path;
    const struct route *route;
    bool head, begun, dispatched, resting;
    bool drained; /* it was refused before its body, which is read before the answer goes out */
    struct body body;
    int64_t since;
    struct extra_header *headers;
    struct MHD_Response *response; /* once it is answered */
    stream_reader *read;           /* of an answer that goes on */
    void (*gone)(void *context);
    void *context;
    bool ending;
    unsigned status;
    struct exchange *prev, *next;
};

struct server {
    struct MHD_Daemon *daemon;
    const struct route *routes;
    int64_t timeout_ms, next_sweep;
    int64_t timeout_usual_ms; /* of the start: what libmicrohttpd has for a connection */
    int fd;
    struct visitor *visitors;
    struct exchange *exchanges;
    const char *temp_dir, *allow_origin;
    struct proxies proxies;
    int64_t files, max_files; /* bodies that are in files */
    size_t connections;
    int64_t requests;
};

/* Answers */

void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
    struct extra_header *header = calloc(1, sizeof *header);
    if (!header)
        return;
    header->name = strdup(name);
    header->value = strdup(value);
    LL_APPEND(exchange->headers, header);
}

static void add_headers(struct exchange *exchange, const char *type)
{
    const struct extra_header *header;
    if (type)
        (void)MHD_add_response_header(exchange->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    LL_FOREACH (exchange->headers, header)
        if (header->name && header->value)
            (void)MHD_add_response_header(exchange->response, header->name, header->value);
}

/* Out of memory there is no response: the connection is closed. */
static void answer(struct exchange *exchange, unsigned status, const char *type,
                   struct MHD_Response *response)
{
    exchange->response = response;
    exchange->status = response ? status : 0;
    if (response)
        add_headers(exchange, type);
    if (exchange->resting)
        MHD_resume_connection(exchange->connection);
    exchange->resting = false;
}

static bool is_answered(const struct exchange *exchange)
{
    return exchange->status != UINT32_MAX;
}

void exchange_answer(struct exchange *exchange, unsigned status, const char *type, char *body_take,
                     size_t len)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        len, body_take, body_take ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response)
        free(body_take);
    answer(exchange, status, type, response);
}

void exchange_answer_json(struct exchange *exchange, unsigned status, cJSON *tree_take)
{
    char *text = tree_take ? cJSON_PrintUnformatted(tree_take) : NULL;
    cJSON_Delete(tree_take);
    exchange_answer(exchange, text ? status : MHD_HTTP_INTERNAL_SERVER_ERROR, text ? JSON_TYPE : NULL, text,
                    text ? strlen(text) : 0);
}

void exchange_refuse(struct exchange *exchange, unsigned status, int code, const char *error)
{
    cJSON *tree = cJSON_CreateObject();
    if (tree && (!json_add_whole(tree, "code", code) || !cJSON_AddStringToObject(tree, "error", error))) {
        cJSON_Delete(tree);
        tree = NULL;
    }
    exchange_answer_json(exchange, status, tree);
}

void exchange_answer_file(struct exchange *exchange, unsigned status, const char *type, int fd,
                          uint64_t offset, uint64_t size)
{
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(size, fd, offset);
    if (!response)
        close(fd);
    answer(exchange, status, type, response);
}

/* While there is nothing to send the connection rests. */
static ssize_t on_read(void *context, uint64_t position, char *out, size_t room)
{
    struct exchange *exchange = context;
    (void)position;
    const size_t len = exchange->read ? exchange->read(exchange->context, out, room) : 0;
    if (len > 0)
        return (ssize_t)len;
    if (exchange->ending || !exchange->read)
        return MHD_CONTENT_READER_END_OF_STREAM;
    exchange->resting = true;
    MHD_suspend_connection(exchange->connection);
    return 0;
}

void exchange_answer_stream(struct exchange *exchange, const char *type, stream_reader *read,
                            void (*gone)(void *context), void *context)
{
    exchange->read = read;
    exchange->gone = gone;
    exchange->context = context;
    answer(exchange, MHD_HTTP_OK, type,
           MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BYTES, on_read, exchange, NULL));
}

void exchange_stream_wake(struct exchange *exchange)
{
    if (exchange->resting)
        MHD_resume_connection(exchange->connection);
    exchange->resting = false;
}

void exchange_stream_end(struct exchange *exchange)
{
    exchange->ending = true;
    exchange_stream_wake(exchange);
}

/* Requests */

const char *exchange_path(const struct exchange *exchange)
{
    return exchange->path;
}

bool exchange_is_head(const struct exchange *exchange)
{
    return exchange->head;
}

const char *exchange_query(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *exchange_body(const struct exchange *exchange, size_t *len)
{
    *len = exchange->body.len;
    if (exchange->body.len > exchange->body.most)
        return NULL;
    return exchange->body.text ? exchange->body.text : "";
}

int exchange_file(const struct exchange *exchange, uint64_t *size)
{
    *size = exchange->body.len;
    return exchange->body.broken || exchange->body.len > exchange->body.most ? -1 : exchange->body.fd;
}

void exchange_address(const struct exchange *exchange, char out[ADDRESS_MAX])
{
    peer_address(exchange->connection, &exchange->server->proxies, out);
}

bool exchange_is_gone(const struct exchange *exchange)
{
    return peer_is_gone(exchange->connection);
}

/* Routes */

static bool leads_to(const struct route *route, const char *path)
{
    size_t len = strlen(route->path);
    if (route->path[len - 1] == '/')
        return strncmp(path, route->path, len) == 0;
    return strcmp(path, route->path) == 0;
}

static bool has_method(const struct route *route, const char *method, bool head)
{
    return strcmp(route->method, head ? MHD_HTTP_METHOD_GET : method) == 0;
}

static void refuse_method(struct exchange *exchange, const char *path)
{
    char allowed[100] = "";
    for (const struct route *route = exchange->server->routes; route->path; route++)
        if (route->handler && leads_to(route, path) && !strstr(allowed, route->method))
            snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), "%s%s",
                     *allowed ? ", " : "", route->method);
    if (!*allowed) {
        exchange_refuse(exchange, MHD_HTTP_NOT_FOUND, 0, NOT_THERE);
        return;
    }
    exchange_add_header(exchange, MHD_HTTP_HEADER_ALLOW, allowed);
    exchange_refuse(exchange, MHD_HTTP_METHOD_NOT_ALLOWED, 0, "this path has other methods: see Allow");
}

static const struct route *find_route(const struct server *server, const char *path, const char *method,
                                      bool head)
{
    for (const struct route *route = server->routes; route->path; route++)
        if (route->handler && leads_to(route, path) && has_method(route, method, head))
            return route;
    return NULL;
}

/* Pages from elsewhere */

static void answer_preflight(struct exchange *exchange)
{
    exchange_add_header(exchange, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE");
    exchange_add_header(exchange, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_HEADERS,
                        "Authorization, X-Chat-Client, X-Chat-Name, Content-Type, Last-Event-ID");
    exchange_add_header(exchange, MHD_HTTP_HEADER_ACCESS_CONTROL_MAX_AGE, "86400");
    exchange_answer(exchange, MHD_HTTP_NO_CONTENT, NULL, NULL, 0);
}

/* The browser asks first whether the page may send what it wants to; that is answered here. */
static void admit_page(struct exchange *exchange, const char *method)
{
    const char *list = exchange->server->allow_origin,
               *origin = exchange_header(exchange, MHD_HTTP_HEADER_ORIGIN);
    if (!list || strncmp(exchange->path, ORIGINS_PATH, strlen(ORIGINS_PATH)) != 0)
        return;
    const char *allowed = origins_allow(list, origin ? origin : "");
    if (!allowed || *allowed != '*')
        exchange_add_header(exchange, MHD_HTTP_HEADER_VARY, "Origin");
    if (!allowed || !origin)
        return;
    exchange_add_header(exchange, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if (strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0)
        answer_preflight(exchange);
}

/* The life of an exchange. libmicrohttpd calls for the headers, for each piece of the body, at its end, and once
 * more when it has rested. */

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct server *server = context;
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    *exchange = (struct exchange){.server = server,
                                  .connection = connection,
                                  .status = UINT32_MAX,
                                  .since = clock_steady(),
                                  .body = {.fd = -1}};
    exchange->target = strdup(target);
    DL_APPEND(server->exchanges, exchange);
    server->requests++;
    return exchange;
}

static bool is_too_long(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > exchange->route->body_max + (unsigned long long)BODY_READ;
}

/* A place for a body that is too large for memory. */
static void make_room(struct exchange *exchange)
{
    struct server *server = exchange->server;
    const bool room = server->files < server->max_files;
    if (room)
        exchange->body.fd = body_file_open(server->temp_dir);
    if (exchange->body.fd >= 0)
        server->files++;
    else
        exchange_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, CODE_BUSY,
                        room ? "no room for the body" : "too many uploads at a time");
}

/* Who waits to be told to go on gets the refusal at once; others read nothing before they have sent their body. */
static void admit(struct exchange *exchange)
{
    const struct route *route = exchange->route;
    exchange->body.most = route->body_max;
    if (route->admit) {
        route->admit(route->context, exchange);
        if (!is_answered(exchange))
            make_room(exchange);
        exchange->drained = is_answered(exchange) && !is_too_long(exchange) &&
                            !exchange_header(exchange, MHD_HTTP_HEADER_EXPECT);
    } else if (is_too_long(exchange)) {
        exchange_refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE, 0, "the body is too long");
    }
}

static void begin(struct exchange *exchange, const char *method)
{
    const char *fault = request_fault(exchange->connection);
    exchange->path = exchange->target ? request_path(exchange->target) : NULL;
    if (!fault && !exchange->path)
        fault = "the path is none";
    if (fault) {
        exchange_add_header(exchange, MHD_HTTP_HEADER_CONNECTION, "close");
        exchange_refuse(exchange, MHD_HTTP_BAD_REQUEST, 0, fault);
        return;
    }
    exchange->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    admit_page(exchange, method);
    if (is_answered(exchange))
        return;
    exchange->route = find_route(exchange->server, exchange->path, method, exchange->head);
    if (exchange->route)
        admit(exchange);
    else
        refuse_method(exchange, exchange->path);
}

static struct visitor *visitor_of(const struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void set_deadline(const struct exchange *exchange, int64_t deadline)
{
    struct visitor *visitor = visitor_of(exchange);
    if (visitor)
        visitor->deadline = deadline;
}

static void dispatch(struct exchange *exchange)
{
    exchange->dispatched = true;
    set_deadline(exchange, 0);
    if (exchange->route->handler)
        exchange->route->handler(exchange->route->context, exchange);
    else /* not any more: a reload came while the body did */
        exchange_refuse(exchange, MHD_HTTP_NOT_FOUND, 0, NOT_THERE);
    if (is_answered(exchange))
        return;
    exchange->resting = true;
    MHD_suspend_connection(exchange->connection);
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
    if (!exchange->response)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(exchange->connection, exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *len,
                                  void **own)
{
    struct exchange *exchange = *own;
    const struct server *server = context;
    (void)url, (void)version, (void)connection;
    if (!exchange)
        return MHD_NO;
    if (!exchange->begun) {
        exchange->begun = true;
        begin(exchange, method);
        return is_answered(exchange) && !exchange->drained ? send_answer(exchange) : MHD_YES;
    }
    if (*len > 0) {
        if (!body_take(&exchange->body, data, *len))
            return MHD_NO;
        *len = 0;
        set_deadline(exchange,
                     exchange->since + server->timeout_ms + (int64_t)exchange->body.len * 1000 / LEAST_RATE);
        return MHD_YES;
    }
    if (!exchange->dispatched && !is_answered(exchange))
        dispatch(exchange);
    return is_answered(exchange) ? send_answer(exchange) : MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **own,
                         enum MHD_RequestTerminationCode code)
{
    struct server *server = context;
    struct exchange *exchange = *own;
    struct extra_header *header, *next;
    (void)connection, (void)code;
    if (!exchange)
        return;
    set_deadline(exchange, clock_steady() + server->timeout_ms);
    if (exchange->gone)
        exchange->gone(exchange->context);
    DL_DELETE(server->exchanges, exchange);
    LL_FOREACH_SAFE (exchange->headers, header, next) {
        free(header->name);
        free(header->value);
        free(header);
    }
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    free(exchange->target);
    free(exchange->path);
    if (exchange->body.fd >= 0)
        server->files--;
    body_clear(&exchange->body);
    free(exchange);
    *own = NULL;
}

/* Connections */

/* libmicrohttpd looks at those whose limit is not the usual one, one by one. */
static void limit_connection(const struct server *server, struct MHD_Connection *connection)
{
    (void)MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    (unsigned)(server->timeout_ms / 1000));
}

static void on_connection(void *context, struct MHD_Connection *connection, void **own,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;
    struct visitor *visitor = *own;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (visitor) {
            DL_DELETE(server->visitors, visitor);
            server->connections--;
        }
        free(visitor);
        *own = NULL;
        return;
    }
    visitor = calloc(1, sizeof *visitor);
    *own = visitor;
    if (!visitor)
        return;
    *visitor = (struct visitor){.connection = connection, .deadline = clock_steady() + server->timeout_ms};
    if (server->timeout_ms != server->timeout_usual_ms)
        limit_connection(server, connection);
    DL_APPEND(server->visitors, visitor);
    server->connections++;
}

/* Who sends a request byte by byte has had time enough. */
static void sweep(struct server *server, int64_t now)
{
    struct visitor *visitor;
    DL_FOREACH (server->visitors, visitor) {
        if (visitor->deadline == 0 || visitor->deadline > now)
            continue;
        (void)shutdown(peer_socket(visitor->connection), SHUT_RDWR);
        visitor->deadline = 0;
    }
}

/* Who hangs up in the middle of a body. libmicrohttpd (0.9.75) misses the end when it comes together with the last
 * bytes, and waits for more. */
static void sweep_halves(const struct server *server)
{
    const struct exchange *exchange;
    char next;
    DL_FOREACH (server->exchanges, exchange) {
        const int fd = peer_socket(exchange->connection);
        const bool reading =
            exchange->begun && !exchange->dispatched && (exchange->drained || !is_answered(exchange));
        if (reading && recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            (void)shutdown(fd, SHUT_RDWR);
    }
}

/* The server */

static int complain(char *error, size_t size, const struct server_config *config, const char *reason)
{
    snprintf(error, size, "[http] cannot listen on %s port %lld: %s", config->address,
             (long long)config->port, reason);
    return -1;
}

static int listen_on(const struct server_config *config, char *error, size_t size)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *info = NULL;
    char port[16];
    const int on = 1;
    snprintf(port, sizeof port, "%lld", (long long)config->port);
    int code = getaddrinfo(config->address, port, &hints, &info);
    if (code)
        return complain(error, size, config, gai_strerror(code));
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
                !bind(fd, info->ai_addr, info->ai_addrlen) && !listen(fd, BACKLOG);
    const char *reason = strerror(errno);
    freeaddrinfo(info);
    if (good)
        return fd;
    if (fd >= 0)
        close(fd);
    return complain(error, size, config, reason);
}

static struct MHD_Daemon *start(struct server *server, const struct server_config *config, int listener)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
                            MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)config->max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)config->timeout_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)MEMORY_BYTES, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
                            on_connection, server, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, /* or it does not use sendfile */
                            MHD_OPTION_END);
}

const char *server_config_fault(const struct server_config *config)
{
    struct proxies proxies;
    if (config->trust_proxy && !proxies_read(&proxies, config->trust_proxy))
        return "trust_proxy: must be addresses, or networks like 10.0.0.0/8, with blanks or commas between";
    if (config->allow_origin && !origins_valid(config->allow_origin))
        return "allow_origin: must be *, or origins like https://example.org, with blanks or commas between";
    return NULL;
}

int server_prepare(const struct server_config *config, char *error, size_t size)
{
    int fd = body_file_open(config->temp_dir);
    if (fd < 0)
        snprintf(error, size, "[http] temp_dir: no file can be made there: %s", strerror(errno));
    else
        close(fd);
    return fd < 0 ? -1 : 0;
}

static void take_lists(struct server *server, const struct server_config *config)
{
    server->temp_dir = config->temp_dir;
    server->allow_origin = config->allow_origin;
    server->max_files = config->max_uploads;
    server->timeout_ms = config->timeout_seconds * 1000;
    if (!config->trust_proxy || !proxies_read(&server->proxies, config->trust_proxy))
        server->proxies.count = 0; /* of a wrong list server_config_fault would have said so */
}

void server_take(struct server *server, const struct server_config *config)
{
    const struct visitor *visitor;
    const int64_t before = server->timeout_ms;
    take_lists(server, config);
    if (server->timeout_ms == before)
        return;
    DL_FOREACH (server->visitors, visitor)
        limit_connection(server, visitor->connection);
}

struct server *server_open(const struct server_config *config, const struct route *routes, char *error,
                           size_t error_size)
{
    int listener = server_prepare(config, error, error_size) == 0 ? listen_on(config, error, error_size) : -1;
    struct server *server = listener >= 0 ? calloc(1, sizeof *server) : NULL;
    if (server) {
        *server = (struct server){.routes = routes, .timeout_usual_ms = config->timeout_seconds * 1000};
        take_lists(server, config);
        server->daemon = start(server, config, listener);
    }
    if (server && server->daemon) {
        server->fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        return server;
    }
    if (listener >= 0) {
        (void)complain(error, error_size, config, "out of memory or of files");
        close(listener);
    }
    free(server);
    return NULL;
}

void server_stop(struct server *server)
{
    int listener = MHD_quiesce_daemon(server->daemon);
    if (listener >= 0)
        close(listener);
}

bool server_is_idle(const struct server *server)
{
    return !server->exchanges;
}

/* A connection that rests cannot be closed. */
static void wake_all(struct server *server)
{
    struct exchange *exchange;
    DL_FOREACH (server->exchanges, exchange)
        if (exchange->read)
            exchange_stream_end(exchange);
        else if (exchange->resting)
            exchange_refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, 0, "the server ends");
}

void server_close(struct server *server)
{
    if (!server)
        return;
    wake_all(server);
    (void)MHD_run(server->daemon);
    MHD_stop_daemon(server->daemon);
    free(server);
}

size_t server_connections(const struct server *server)
{
    return server->connections;
}

int64_t server_requests(const struct server *server)
{
    return server->requests;
}

int server_fd(const struct server *server)
{
    return server->fd;
}

int server_pause(const struct server *server, int most_ms)
{
    MHD_UNSIGNED_LONG_LONG wanted = 0;
    if (MHD_get_timeout(server->daemon, &wanted) != MHD_YES)
        return most_ms;
    return wanted < (MHD_UNSIGNED_LONG_LONG)most_ms ? (int)wanted : most_ms;
}

void server_run(struct server *server)
{
    int64_t now = clock_steady();
    (void)MHD_run(server->daemon);
    if (now < server->next_sweep)
        return;
    server->next_sweep = now + SWEEP_MS;
    sweep(server, now);
    sweep_halves(server);
}
