/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A file that comes as the body of a request goes to the broker in chunks (docs/protocol.md, section 10). */
#include "gate/client/web_errands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "gate/client/web_client.h"
#include "gate/http/exchange.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/text.h"

#define WINDOW      4 /* chunks on their way */
#define CHUNK_MAX   262144
#define NAME_BYTES  255
#define CONNECT_MS  12000
#define LOOK_MS     100   /* for what the broker did not take, and for a client that has hung up */
#define PATIENCE_MS 60000 /* in which a step has to be taken; the last one hashes and syncs the file */

/* One that is not taken stays in its place until it is sent again. */
struct chunk {
    int64_t number; /* -1: the place is free */
    int mid;        /* 0: it is to be sent again */
};

struct uploading {
    struct errand errand;
    char name[NAME_BYTES + 1], type[NAME_BYTES + 1];
    char id[64];                            /* "": the broker has not given it one yet */
    int fd;                                 /* the exchange's */
    int64_t size, chunk_bytes, next, count; /* chunks: the first that was never sent, and all of them */
    struct chunk chunks[WINDOW];
    int64_t number, give_up;
    bool finishing;
};

/* The end */

static unsigned status_of(int code)
{
    switch (code) {
    case CODE_UNKNOWN_COMMAND: /* the broker has no media_dir */
        return 501;
    case CODE_TOO_MANY_MEMBERS: /* open uploads of this device */
        return 429;
    case CODE_BUSY:
        return 503;
    case CODE_BAD_REQUEST:
        return 400;
    default:
        return status_of_code(code);
    }
}

static void fail(struct errand *errand, unsigned status, int code, const char *error)
{
    struct exchange *exchange = errand->exchange;
    free(errand);
    exchange_refuse(exchange, status, code, error);
}

/* Nothing is to be left of it in the broker. */
static void give_up(struct uploading *uploading, struct web_client *client, unsigned status, int code,
                    const char *error)
{
    char command[120];
    snprintf(command, sizeof command, "{\"command\":\"abortUpload\",\"uploadID\":\"%s\"}", uploading->id);
    if (*uploading->id)
        web_client_tell(client, command);
    web_client_done(client, &uploading->errand);
    fail(&uploading->errand, status, code, error);
}

static void succeed(struct uploading *uploading, struct web_client *client, const cJSON *data)
{
    struct exchange *exchange = uploading->errand.exchange;
    web_client_done(client, &uploading->errand);
    free(uploading);
    exchange_answer_json(exchange, 200, cJSON_Duplicate(data, true));
}

/* Commands */

static void set_patience(struct uploading *uploading)
{
    const int64_t now = clock_steady();
    uploading->give_up = now + PATIENCE_MS;
    uploading->errand.deadline = now + LOOK_MS;
}

/* Adds to the command the name by which its answer is known; false: it cannot be sent. */
static bool send_command(const struct uploading *uploading, struct web_client *client, cJSON *command_take)
{
    char correlation[32];
    cJSON *tree = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(tree, "commands");
    snprintf(correlation, sizeof correlation, "media:%" PRId64, uploading->number);
    bool good = list && cJSON_AddStringToObject(command_take, "correlationData", correlation);
    if (good)
        (void)cJSON_AddItemToArray(list, command_take);
    else
        cJSON_Delete(command_take);
    char *text = good ? cJSON_PrintUnformatted(tree) : NULL;
    cJSON_Delete(tree);
    good = text && connection_publish(client->connection, CONTROL_TOPIC, text, strlen(text), 0) != 0;
    cJSON_free(text);
    return good;
}

static void begin(struct errand *errand, struct web_client *client)
{
    struct uploading *uploading = (struct uploading *)errand;
    cJSON *command = cJSON_CreateObject();
    const bool good = cJSON_AddStringToObject(command, "command", "createUpload") &&
                      cJSON_AddStringToObject(command, "name", uploading->name) &&
                      cJSON_AddStringToObject(command, "contentType", uploading->type) &&
                      json_add_whole(command, "size", uploading->size);
    set_patience(uploading);
    if (!good)
        cJSON_Delete(command);
    if (!good || !send_command(uploading, client, command))
        give_up(uploading, client, 503, CODE_BUSY, "it could not be sent to the broker");
}

static bool send_finish(const struct uploading *uploading, struct web_client *client)
{
    cJSON *command = cJSON_CreateObject();
    const bool good = cJSON_AddStringToObject(command, "command", "finishUpload") &&
                      cJSON_AddStringToObject(command, "uploadID", uploading->id);
    if (!good)
        cJSON_Delete(command);
    return good && send_command(uploading, client, command);
}

/* Chunks */

static bool send_chunk(const struct uploading *uploading, struct web_client *client, struct chunk *chunk)
{
    char topic[TOPIC_MAX], *bytes = malloc(CHUNK_MAX);
    const int64_t at = chunk->number * uploading->chunk_bytes;
    const size_t len = (size_t)smaller(uploading->chunk_bytes, uploading->size - at);
    snprintf(topic, sizeof topic, "chat/upload/%s/%" PRId64, uploading->id, chunk->number);
    if (bytes && pread(uploading->fd, bytes, len, at) == (ssize_t)len)
        chunk->mid = connection_publish(client->connection, topic, bytes, len, 1);
    free(bytes);
    return chunk->mid != 0;
}

/* The client has gone: nobody would know the file. */
static bool is_forsaken(struct uploading *uploading, struct web_client *client)
{
    if (!exchange_is_gone(uploading->errand.exchange))
        return false;
    give_up(uploading, client, 499, 0, "the client has gone");
    return true;
}

/* As many as may be on their way. After the last one has been taken the upload is finished. */
static void go_on(struct uploading *uploading, struct web_client *client)
{
    bool good = true, some = false;
    if (is_forsaken(uploading, client))
        return;
    for (size_t i = 0; i < WINDOW && good; i++) {
        struct chunk *chunk = &uploading->chunks[i];
        if (chunk->number < 0 && uploading->next < uploading->count) {
            *chunk = (struct chunk){.number = uploading->next++};
            good = send_chunk(uploading, client, chunk);
        }
        some = some || chunk->number >= 0;
    }
    if (good && !some && !uploading->finishing) {
        uploading->finishing = true;
        good = send_finish(uploading, client);
    }
    if (!good)
        give_up(uploading, client, 503, CODE_BUSY, "it could not be sent to the broker");
}

static void published(struct errand *errand, struct web_client *client, int mid, int reason)
{
    struct uploading *uploading = (struct uploading *)errand;
    for (size_t i = 0; i < WINDOW; i++) {
        struct chunk *chunk = &uploading->chunks[i];
        if (chunk->number < 0 || chunk->mid != mid)
            continue;
        chunk->mid = 0;
        if (reason >= 0x80)
            return; /* `rejected` says more; `late` sends it again */
        chunk->number = -1;
        set_patience(uploading);
        go_on(uploading, client);
        return;
    }
}

static void late(struct errand *errand, struct web_client *client)
{
    struct uploading *uploading = (struct uploading *)errand;
    const int64_t now = clock_steady();
    bool good = true;
    errand->deadline = now + LOOK_MS;
    if (*uploading->id && !uploading->finishing && is_forsaken(uploading, client))
        return;
    if (now >= uploading->give_up) {
        give_up(uploading, client, 504, 0, "the broker does not answer");
        return;
    }
    for (size_t i = 0; i < WINDOW && good; i++)
        if (uploading->chunks[i].number >= 0 && uploading->chunks[i].mid == 0)
            good = send_chunk(uploading, client, &uploading->chunks[i]);
    if (!good)
        give_up(uploading, client, 503, CODE_BUSY, "it could not be sent to the broker");
}

/* What the broker says */

static bool is_ours(const struct uploading *uploading, const cJSON *topic)
{
    char ours[TOPIC_MAX];
    const int len = snprintf(ours, sizeof ours, "chat/upload/%s/", uploading->id);
    return *uploading->id && cJSON_IsString(topic) && strncmp(topic->valuestring, ours, (size_t)len) == 0;
}

static bool heard(struct errand *errand, struct web_client *client, const char *name, const cJSON *event)
{
    struct uploading *uploading = (struct uploading *)errand;
    if (strcmp(name, "rejected") != 0 ||
        !is_ours(uploading, cJSON_GetObjectItemCaseSensitive(event, "topic")))
        return false;
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(event, "code");
    const int number = cJSON_IsNumber(code) ? code->valueint : 0;
    if (number != CODE_TOO_FAST)
        give_up(uploading, client, status_of(number), number, "the broker did not take a chunk");
    return true;
}

static void create(struct uploading *uploading, struct web_client *client, const cJSON *data)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(data, "uploadID");
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(data, "chunkBytes");
    if (!cJSON_IsString(id) || !cJSON_IsNumber(bytes) || bytes->valuedouble < 1 ||
        bytes->valuedouble > CHUNK_MAX || !text_copy(uploading->id, sizeof uploading->id, id->valuestring)) {
        uploading->id[0] = '\0';
        give_up(uploading, client, 503, 0, "the broker's answer is none");
        return;
    }
    uploading->chunk_bytes = (int64_t)bytes->valuedouble;
    uploading->count = (uploading->size + uploading->chunk_bytes - 1) / uploading->chunk_bytes;
    set_patience(uploading);
    go_on(uploading, client);
}

static void responded(struct errand *errand, struct web_client *client, cJSON *response)
{
    struct uploading *uploading = (struct uploading *)errand;
    char ours[32];
    snprintf(ours, sizeof ours, "media:%" PRId64, uploading->number);
    const cJSON *correlation = cJSON_GetObjectItemCaseSensitive(response, "correlationData");
    if (!cJSON_IsString(correlation) || strcmp(correlation->valuestring, ours) != 0)
        return;
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(response, "code");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(response, "error");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(response, "data");
    if (cJSON_IsNumber(code))
        give_up(uploading, client, status_of(code->valueint), code->valueint,
                cJSON_IsString(error) ? error->valuestring : "");
    else if (uploading->finishing)
        succeed(uploading, client, data);
    else
        create(uploading, client, data);
}

static const struct errand_kind kind = {.begin = begin,
                                        .heard = heard,
                                        .responded = responded,
                                        .published = published,
                                        .late = late,
                                        .fail = fail};

/* The beginning */

/* A header, or what stands for it; false: it is too long, or no UTF-8. */
static bool read_header(const struct exchange *exchange, const char *name, const char *absent,
                        char out[NAME_BYTES + 1])
{
    const char *value = exchange_header(exchange, name);
    if (!text_copy(out, NAME_BYTES + 1, value && *value ? value : absent))
        return false;
    char mended[NAME_BYTES + 1];
    memcpy(mended, out, sizeof mended);
    text_mend(mended);
    return strcmp(mended, out) == 0;
}

static struct uploading *make(struct exchange *exchange, int fd, uint64_t size)
{
    static int64_t last;
    struct uploading *uploading = calloc(1, sizeof *uploading);
    if (!uploading)
        return NULL;
    *uploading = (struct uploading){
        .errand = {.kind = &kind, .exchange = exchange, .deadline = clock_steady() + CONNECT_MS},
        .fd = fd,
        .size = (int64_t)size,
        .number = ++last};
    for (size_t i = 0; i < WINDOW; i++)
        uploading->chunks[i].number = -1;
    return uploading;
}

struct errand *errand_media(struct exchange *exchange, uint64_t most)
{
    uint64_t size;
    const int fd = exchange_file(exchange, &size);
    if (fd < 0 || size == 0) {
        if (size > most)
            exchange_refuse(exchange, 413, CODE_TOO_LONG, "the file is too long");
        else if (size == 0)
            exchange_refuse(exchange, 400, CODE_BAD_REQUEST, "the body is empty: it must be the file");
        else
            exchange_refuse(exchange, 503, CODE_BUSY, "no room for the file");
        return NULL;
    }
    struct uploading *uploading = make(exchange, fd, size);
    if (!uploading) {
        exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
        return NULL;
    }
    const bool named = read_header(exchange, "X-Chat-Name", "file", uploading->name);
    if (named && read_header(exchange, "Content-Type", "application/octet-stream", uploading->type))
        return &uploading->errand;
    free(uploading);
    exchange_refuse(exchange, 400, CODE_BAD_REQUEST,
                    named ? "Content-Type: at most 255 bytes of UTF-8"
                          : "X-Chat-Name: at most 255 bytes of UTF-8");
    return NULL;
}
