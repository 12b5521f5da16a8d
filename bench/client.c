/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "bench/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acl/topic.h"
#include "bench/die.h"
#include "bench/meter.h"

#define KEEPALIVE_SECONDS 120 /* nobody pings: more than a workload may take */
#define READ_BYTES        262144
#define EVENTS            512
#define NAMES_IN_TIP      20

/* The end of every counted payload. What the server puts in front of it leaves it where it is. */
#define TAIL_FORMAT "\",\"n\":\"%08d\",\"t\":\"%016lld\"}"
#define TAIL_BYTES  40
#define TAIL_NUMBER 7
#define TAIL_TIME   22

struct totals totals;

static struct sockaddr_in address;
static int poll_fd;
static struct client *dirty;

void clients_init(int port)
{
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    poll_fd = epoll_create1(0);
    if (poll_fd < 0)
        die("epoll: %s", strerror(errno));
}

/* Bytes out */

static void append(struct buffer *buffer, const void *bytes, size_t len)
{
    if (buffer->len + len > buffer->size) {
        buffer->size = (buffer->len + len) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->size);
        if (!buffer->bytes)
            die("out of memory");
    }
    memcpy(buffer->bytes + buffer->len, bytes, len);
    buffer->len += len;
}

static void drop(struct buffer *buffer, size_t len)
{
    memmove(buffer->bytes, buffer->bytes + len, buffer->len - len);
    buffer->len -= len;
}

static void queue_bytes(struct client *client, const void *bytes, size_t len)
{
    append(&client->out, bytes, len);
    if (client->dirty)
        return;
    client->dirty = true;
    client->next_dirty = dirty;
    dirty = client;
}

static void queue_packet(struct client *client, unsigned char type, const void *body, size_t len)
{
    unsigned char head[5] = {type};
    size_t n = 1, rest = len;
    do {
        head[n++] = (unsigned char)((rest & 127) | (rest > 127 ? 128 : 0));
        rest >>= 7;
    } while (rest > 0);
    queue_bytes(client, head, n);
    queue_bytes(client, body, len);
}

static unsigned char *put_number(unsigned char *at, size_t number)
{
    *at++ = (unsigned char)(number >> 8);
    *at++ = (unsigned char)number;
    return at;
}

static unsigned char *put_text(unsigned char *at, const char *text)
{
    size_t len = strlen(text);
    at = put_number(at, len);
    memcpy(at, text, len);
    return at + len;
}

/* Returns what could not be written yet. */
static struct client *flush_one(struct client *client)
{
    ssize_t n = client->fd < 0 ? 0 : write(client->fd, client->out.bytes, client->out.len);
    if (n < 0 && client->bereaved && errno != EAGAIN)
        n = (ssize_t)client->out.len;
    if (n < 0 && errno != EAGAIN)
        die("%s: write: %s", client->user, strerror(errno));
    if (n > 0)
        drop(&client->out, (size_t)n);
    client->dirty = client->out.len > 0;
    return client->dirty ? client : NULL;
}

static void flush_all(void)
{
    struct client *client, *next, *again = NULL;
    for (client = dirty; client; client = next) {
        next = client->next_dirty;
        if (flush_one(client)) {
            client->next_dirty = again;
            again = client;
        }
    }
    dirty = again;
}

/* What a client does */

void client_connect(struct client *client, bool clean)
{
    unsigned char body[2048], *at = body;
    char id[80];
    int one = 1;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0 ||
        (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS))
        die("%s: connect: %s", client->user, strerror(errno));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0)
        die("epoll: %s", strerror(errno));
    snprintf(id, sizeof id, "%s:linux:bench", client->user);
    at = put_text(at, "MQTT");
    *at++ = 4;
    *at++ = (unsigned char)((client->password ? 0xc0 : 0) | (clean ? 2 : 0));
    at = put_number(at, KEEPALIVE_SECONDS);
    at = put_text(at, id);
    if (client->password) {
        at = put_text(at, client->user);
        at = put_text(at, client->password);
    }
    queue_packet(client, 0x10, body, (size_t)(at - body));
}

void client_disconnect(struct client *client)
{
    client->leaving = true;
    queue_packet(client, 0xe0, "", 0);
}

void client_subscribe(struct client *client, const char *topic, int qos)
{
    unsigned char body[256], *at = put_number(body, 1);
    at = put_text(at, topic);
    *at++ = (unsigned char)qos;
    queue_packet(client, 0x82, body, (size_t)(at - body));
}

void client_unsubscribe(struct client *client, const char *topic)
{
    unsigned char body[256], *at = put_text(put_number(body, 1), topic);
    queue_packet(client, 0xa2, body, (size_t)(at - body));
}

static void queue_publish(struct client *client, const char *topic, const void *payload, size_t len)
{
    unsigned char body[8192], *at = body;
    if (len + 256 > sizeof body)
        die("a command too long");
    at = put_text(at, topic);
    at = put_number(at, (size_t)(client->sent % 65535 + 1));
    memcpy(at, payload, len);
    queue_packet(client, 0x32, body, (size_t)(at - body) + len);
    client->sent++;
    totals.sent++;
}

void client_publish(struct client *client, const char *topic)
{
    static const char start[] = "{\"text\":\"";
    char payload[PAYLOAD_BYTES + 1];
    memset(payload, 'x', PAYLOAD_BYTES);
    memcpy(payload, start, sizeof start - 1);
    snprintf(payload + PAYLOAD_BYTES - TAIL_BYTES, TAIL_BYTES + 1, TAIL_FORMAT, client->published++,
             (long long)meter_now());
    queue_publish(client, topic, payload, PAYLOAD_BYTES);
}

void client_command(struct client *client, const char *json)
{
    free(client->response);
    client->response = NULL;
    queue_publish(client, CONTROL_TOPIC, json, strlen(json));
}

/* Packets in */

static long long number_at(const unsigned char *digits, size_t count)
{
    long long number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

static bool counts(const unsigned char *tail)
{
    return memcmp(tail, "\",\"n\":\"", 7) == 0 && memcmp(tail + TAIL_TIME - 7, "\",\"t\":\"", 7) == 0;
}

/* False: it was seen before, as a message is that comes twice. */
static bool see(struct client *client, long long number)
{
    if (number < 0 || number >= client->seens)
        die("%s: message %lld of %d", client->user, number, client->seens);
    bool again = client->seen[number];
    client->seen[number] = true;
    return !again;
}

static void on_counted(struct client *client, const unsigned char *tail)
{
    long long number = number_at(tail + TAIL_NUMBER, 8);
    if (client->passing || (client->seen && !see(client, number)))
        return;
    if (!client->unordered && !client->seen && number != client->received)
        die("%s: message %lld came where %d was due", client->user, number, client->received);
    client->received++;
    totals.received++;
    meter_latency(meter_now() - number_at(tail + TAIL_TIME, 16));
}

/* Of a live group: who came, who went. */
static void on_tips(struct client *client, const char *payload, size_t len)
{
    static const char start[] = "\"members\":[";
    const char *names = memmem(payload, len, start, sizeof start - 1);
    int quotes = 0;
    client->tips++;
    for (const char *c = names ? names + sizeof start - 1 : payload + len; c < payload + len && *c != ']';
         c++)
        quotes += *c == '"';
    if (quotes / 2 > NAMES_IN_TIP)
        die("%s: a tip with too many names: %.*s", client->user, (int)len, payload);
}

/* Answers, tips and events. */
static void on_other(struct client *client, const char *topic, size_t topic_len, const void *payload,
                     size_t len)
{
    if (len > 0 && (memmem(payload, len, "\"rejected\"", 10) || memmem(payload, len, "\"more\"", 6)))
        die("%s: %.*s", client->user, (int)len, (const char *)payload);
    bool stored = len > 4 && memcmp(payload, "{\"id\"", 5) == 0;
    if (!stored && len > 0 && memmem(payload, len, "\"tips\":{", 8))
        on_tips(client, payload, len);
    if (topic_len < sizeof CONTROL_TOPIC || memcmp(topic, CONTROL_TOPIC, sizeof CONTROL_TOPIC - 1) != 0) {
        totals.replayed += stored;
        return;
    }
    free(client->response);
    client->response = strndup(payload, len);
    if (!client->response)
        die("out of memory");
}

static void on_publish(struct client *client, unsigned char type, const unsigned char *body, size_t len)
{
    bool acked = type & 6;
    size_t topic_len = (size_t)(body[0] << 8 | body[1]), start = 2 + topic_len + (acked ? 2 : 0);
    if (len < start)
        die("%s: a broken packet", client->user);
    if (acked) {
        const unsigned char puback[] = {0x40, 2, body[2 + topic_len], body[3 + topic_len]};
        queue_bytes(client, puback, sizeof puback);
    }
    if (len - start >= PAYLOAD_BYTES && counts(body + len - TAIL_BYTES))
        on_counted(client, body + len - TAIL_BYTES);
    else
        on_other(client, (const char *)body + 2, topic_len, body + start, len - start);
}

/* Packet ids are those of queue_publish(). */
static void on_ack(struct client *client, const unsigned char *body)
{
    client->acked++;
    totals.acked++;
    if (client->seen)
        see(client, (body[0] << 8 | body[1]) - 1);
}

static void on_packet(struct client *client, unsigned char type, const unsigned char *body, size_t len)
{
    if (type >> 4 == 3) {
        on_publish(client, type, body, len);
    } else if (type >> 4 == 4) {
        on_ack(client, body);
    } else if (type >> 4 == 2) {
        if (body[1] != 0)
            die("%s: login refused: %d", client->user, body[1]);
        client->connected = true;
        totals.connected++;
    } else if (type >> 4 == 9) {
        if (body[2] > 2)
            die("%s: subscription refused", client->user);
        client->subscribed++;
        totals.subscribed++;
    }
}

/* The bytes of one packet at `bytes`, 0 when it is not all there. */
static size_t packet(const unsigned char *bytes, size_t len, const unsigned char **body, size_t *body_len)
{
    size_t i = 1, shift = 0;
    *body_len = 0;
    do {
        if (i >= len)
            return 0;
        *body_len |= (size_t)(bytes[i] & 127) << shift;
        shift += 7;
    } while (bytes[i++] & 128);
    *body = bytes + i;
    return i + *body_len > len ? 0 : i + *body_len;
}

static void on_closed(struct client *client)
{
    if (!client->leaving && !client->bereaved)
        die("%s: the broker closed the connection", client->user);
    close(client->fd);
    client->fd = -1;
    client->connected = client->leaving = false;
    client->in.len = client->out.len = 0;
    totals.closed++;
}

/* Handles all whole packets and returns how many bytes those were. */
static size_t on_bytes(struct client *client, const unsigned char *bytes, size_t len)
{
    const unsigned char *body;
    size_t at = 0, one, body_len;
    while ((one = packet(bytes + at, len - at, &body, &body_len)) > 0) {
        on_packet(client, bytes[at], body, body_len);
        at += one;
    }
    return at;
}

static void on_readable(struct client *client)
{
    static unsigned char bytes[READ_BYTES * 2];
    size_t kept = client->in.len;
    if (kept > READ_BYTES)
        die("%s: a packet too long", client->user);
    if (kept > 0)
        memcpy(bytes, client->in.bytes, kept);
    ssize_t n = read(client->fd, bytes + kept, READ_BYTES);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        on_closed(client);
        return;
    }
    size_t handled = on_bytes(client, bytes, kept + (size_t)n);
    client->in.len = 0;
    if (handled < kept + (size_t)n)
        append(&client->in, bytes + handled, kept + (size_t)n - handled);
}

void clients_turn(int milliseconds)
{
    struct epoll_event events[EVENTS];
    flush_all();
    int n = epoll_wait(poll_fd, events, EVENTS, dirty ? 1 : milliseconds);
    for (int i = 0; i < n; i++)
        on_readable(events[i].data.ptr);
    flush_all();
}
