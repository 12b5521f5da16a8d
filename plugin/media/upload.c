/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/media/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "acl/topic.h"
#include "lib/keyed_hash.h"
#include "lib/text.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/event.h"
#include "plugin/media/stock.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define UPLOADS_MAX 10000 /* of all devices: memory, and files that are open */
#define QUIET_MS    3600000
#define AWAY_MS     600000
#define SECOND_MS   1000
#define WARN_MS     60000
#define TOPIC_SIZE  (sizeof UPLOAD_TOPIC + MEDIA_ID_MAX + 24)

/* A client id with an open upload. */
struct uploader {
    struct upload *uploads; /* utlist DL */
    int count;
    int64_t seen; /* connected, by the steady clock; ms */
    UT_hash_handle hh;
    char client_id[];
};

struct upload {
    char id[MEDIA_ID_MAX + 1];
    struct uploader *owner;
    struct user *user;
    int64_t size, chunk_bytes, chunks;
    int64_t come;     /* chunks of which the bit is set in `map` */
    int64_t heard;    /* when the last one came; steady, ms */
    int64_t failures; /* chunks that could not be written */
    int excuse;   /* a chunk has been refused with this code for what is not the client's fault; 0: none */
    bool touched; /* the thread has had a job of it */
    bool finishing, over; /* the thread has it; it has come back from there */
    upload_finished_function *finished;
    void *context;
    struct media_temp *temp;
    struct upload *prev, *next; /* owner->uploads */
    UT_hash_handle hh;
    uint64_t map[]; /* which chunks have come */
};

struct uploads {
    struct upload *by_id;
    struct uploader *by_client;
    int over;           /* uploads with `over` */
    int64_t looked;     /* at what has gone quiet; steady, ms */
    int64_t warn_after; /* of errors of the disk; steady, ms */
};

/* Ids */

/* false: the system has no random bytes. */
static bool make_id(char out[MEDIA_ID_MAX + 1])
{
    unsigned char random[MEDIA_ID_MAX / 2];
    if (getrandom(random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        return false;
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
    return true;
}

static struct upload *find(const struct chat *chat, const char *id, size_t len)
{
    struct upload *upload;
    HASH_FIND(hh, chat->uploads->by_id, id, len, upload);
    return upload;
}

/* Who has what */

static struct uploader *find_uploader(const struct chat *chat, const char *client_id)
{
    struct uploader *uploader;
    HASH_FIND(hh, chat->uploads->by_client, client_id, strlen(client_id), uploader);
    return uploader;
}

static struct uploader *add_uploader(struct chat *chat, const char *client_id)
{
    size_t size = strlen(client_id) + 1;
    struct uploader *uploader = calloc(1, sizeof *uploader + size);
    if (!uploader)
        return NULL;
    memcpy(uploader->client_id, client_id, size);
    HASH_ADD(hh, chat->uploads->by_client, client_id[0], size - 1, uploader);
    if (uploader->hh.tbl)
        return uploader;
    free(uploader);
    return NULL;
}

static bool add(struct chat *chat, struct upload *upload, const char *client_id)
{
    struct uploader *owner = find_uploader(chat, client_id);
    if (!owner && !(owner = add_uploader(chat, client_id)))
        return false;
    HASH_ADD(hh, chat->uploads->by_id, id[0], MEDIA_ID_MAX, upload);
    if (upload->hh.tbl) {
        upload->owner = owner;
        owner->seen = chat->steady;
        owner->count++;
        DL_APPEND(owner->uploads, upload);
    }
    return upload->hh.tbl != NULL;
}

static void remove_idle(struct chat *chat, struct uploader *uploader)
{
    if (uploader->uploads)
        return;
    HASH_DEL(chat->uploads->by_client, uploader);
    free(uploader);
}

/* Out of the tables. The file is the thread's to remove; without one it ends here. */
static void take_out(struct chat *chat, struct upload *upload)
{
    struct media_temp *temp = upload->temp;
    HASH_DEL(chat->uploads->by_id, upload);
    DL_DELETE(upload->owner->uploads, upload);
    upload->owner->count--;
    upload->user->uploads.open--;
    if (upload->touched)
        media_thread_give(chat->media, &temp->drop);
    else
        free(temp);
    free(upload);
}

static void end(struct chat *chat, struct upload *upload)
{
    struct uploader *owner = upload->owner;
    upload->user->uploads.bytes -= upload->size;
    take_out(chat, upload);
    remove_idle(chat, owner);
}

void upload_end(struct chat *chat, struct upload *upload)
{
    chat->count.uploads.ended++;
    end(chat, upload);
}

const char *upload_id(const struct upload *upload)
{
    return upload->id;
}

int upload_find(struct chat *chat, const struct session *session, const char *id, struct upload **out,
                const char **error)
{
    struct upload *upload = find(chat, id, strlen(id));
    *out = upload;
    *error = upload ? "uploadID: it is being finished" : "uploadID: there is no such upload, or no more";
    if (!upload)
        return CODE_BAD_REQUEST;
    if (upload->user != session->user || strcmp(upload->owner->client_id, session->client_id) != 0) {
        *error = "";
        return CODE_NOT_ALLOWED;
    }
    return upload->finishing ? CODE_BAD_REQUEST : CODE_OK;
}

/* A new one */

static int check_plan(struct chat *chat, const struct session *session, const struct upload_plan *plan,
                      const char **error)
{
    const struct uploader *uploader = find_uploader(chat, session->client_id);
    const int64_t quota = chat->options.media_user_bytes;
    *error = "";
    if (plan->size > chat->options.max_media_bytes) {
        *error = "size: it is too large";
        return CODE_TOO_LONG;
    }
    if (uploader && uploader->count >= DEVICE_UPLOADS_MAX) {
        *error = "too many uploads of this device are open";
        return CODE_TOO_MANY_MEMBERS;
    }
    if (HASH_COUNT(chat->uploads->by_id) >= UPLOADS_MAX)
        return CODE_BUSY;
    if (quota > 0 &&
        stock_used(chat, session->user->id) + session->user->uploads.bytes + plan->size > quota) {
        *error = "size: the user has too much there";
        return CODE_TOO_LONG;
    }
    return store_reads_failed(chat->store) ? CODE_BUSY : CODE_OK;
}

/* NULL: out of memory. */
static struct media_temp *make_temp(const char *id, const struct upload_plan *plan)
{
    struct media_temp *temp = calloc(1, sizeof *temp);
    if (!temp)
        return NULL;
    text_copy(temp->id, sizeof temp->id, id);
    temp->finish.job = (struct media_job){.task = MEDIA_FINISH, .temp = temp};
    temp->finish.size = plan->size;
    temp->drop = (struct media_job){.task = MEDIA_DROP, .temp = temp};
    return temp;
}

/* Not in any table yet. NULL: out of memory, or of random bytes. */
static struct upload *make(const struct upload_plan *plan)
{
    int64_t chunks = (plan->size + plan->chunk_bytes - 1) / plan->chunk_bytes;
    struct upload *upload = calloc(1, sizeof *upload + (size_t)(chunks + 63) / 64 * sizeof upload->map[0]);
    if (!upload || !make_id(upload->id) || !(upload->temp = make_temp(upload->id, plan))) {
        free(upload);
        return NULL;
    }
    upload->size = plan->size;
    upload->chunk_bytes = plan->chunk_bytes;
    upload->chunks = chunks;
    return upload;
}

static int begin(struct chat *chat, const struct session *session, const struct upload_plan *plan,
                 struct upload **out, const char **error)
{
    int code = check_plan(chat, session, plan, error);
    if (code != CODE_OK)
        return code;
    struct upload *upload = make(plan);
    if (!upload)
        return CODE_BUSY;
    if (!add(chat, upload, session->client_id)) {
        free(upload->temp);
        free(upload);
        return CODE_BUSY;
    }
    upload->temp->wants_hash = plan->hash != NULL;
    if (plan->hash)
        memcpy(upload->temp->hash, plan->hash, MEDIA_HASH_BYTES);
    upload->heard = chat->steady;
    upload->user = session->user;
    upload->user->uploads.open++;
    upload->user->uploads.bytes += upload->size;
    *out = upload;
    return CODE_OK;
}

int upload_begin(struct chat *chat, const struct session *session, const struct upload_plan *plan,
                 struct upload **out, const char **error)
{
    const int code = begin(chat, session, plan, out, error);
    if (code == CODE_OK)
        chat->count.uploads.begun++;
    else
        chat->count.uploads.refused++;
    return code;
}

/* Chunks */

static bool has_come(const struct upload *upload, int64_t n)
{
    return upload->map[n / 64] >> (n % 64) & 1;
}

static void set_come(struct upload *upload, int64_t n)
{
    upload->map[n / 64] |= UINT64_C(1) << (n % 64);
    upload->come++;
}

static void unset_come(struct upload *upload, int64_t n)
{
    upload->map[n / 64] &= ~(UINT64_C(1) << (n % 64));
    upload->come--;
}

static int64_t length_of(const struct upload *upload, int64_t n)
{
    int64_t left = upload->size - n * upload->chunk_bytes;
    return left < upload->chunk_bytes ? left : upload->chunk_bytes;
}

/* Of <uploadID>/<n>, whose shape acl/topic.c has checked. -1: it is not written as it should be. */
static int64_t read_number(const char *digits)
{
    return digits[0] == '0' && digits[1] ? -1 : strtoll(digits, NULL, 10);
}

static int queue_chunk(struct chat *chat, struct upload *upload, int64_t n, const void *bytes, size_t len)
{
    if (!media_thread_has_room(chat->media, len))
        return CODE_TOO_FAST;
    struct media_chunk *chunk = malloc(sizeof *chunk + len);
    if (!chunk)
        return CODE_BUSY;
    chunk->job = (struct media_job){.task = MEDIA_CHUNK, .temp = upload->temp};
    chunk->number = n;
    chunk->at = n * upload->chunk_bytes;
    chunk->len = len;
    memcpy(chunk->bytes, bytes, len);
    media_thread_give(chat->media, &chunk->job);
    return CODE_OK;
}

static int take_chunk(struct chat *chat, struct upload *upload, int64_t n, const void *bytes, size_t len,
                      const char **error)
{
    if (n < 0 || n >= upload->chunks) {
        *error = "there is no chunk of this number";
        return CODE_BAD_REQUEST;
    }
    if ((int64_t)len != length_of(upload, n)) {
        *error = "the chunk has not as many bytes as it should";
        return CODE_BAD_REQUEST;
    }
    upload->heard = chat->steady;
    if (has_come(upload, n))
        return CODE_OK;
    int code = queue_chunk(chat, upload, n, bytes, len);
    if (code == CODE_OK) {
        upload->touched = true;
        set_come(upload, n);
    } else {
        upload->excuse = code;
    }
    return code;
}

static int check_chunk(struct chat *chat, const struct session *session, const char *topic, const void *bytes,
                       size_t len, const char **error)
{
    char id[MEDIA_ID_MAX + 2]; /* longer ones are nobody's */
    struct upload *upload;
    *error = "";
    if (!chat->uploads || topic_parse(topic).kind != TOPIC_UPLOAD || session->closing.silenced)
        return CODE_NOT_ALLOWED;
    const char *name = topic + strlen(UPLOAD_TOPIC), *slash = strchr(name, '/');
    snprintf(id, sizeof id, "%.*s", (int)(slash - name), name);
    int code = upload_find(chat, session, id, &upload, error);
    return code == CODE_OK ? take_chunk(chat, upload, read_number(slash + 1), bytes, len, error) : code;
}

bool upload_chunk(struct chat *chat, struct session *session, const char *topic, const void *bytes,
                  size_t len)
{
    const char *error;
    int code = check_chunk(chat, session, topic, bytes, len, &error);
    if (code != CODE_OK)
        event_rejected(chat, session, topic, code, error, 0);
    return code == CODE_OK;
}

/* The end */

static int64_t first_missing(const struct upload *upload)
{
    int64_t n = 0;
    while (n < upload->chunks && has_come(upload, n))
        n++;
    return n;
}

int upload_check(struct chat *chat, struct upload *upload, int64_t *missing)
{
    int excuse = upload->excuse;
    if (upload->come == upload->chunks)
        return CODE_OK;
    *missing = first_missing(upload);
    upload->excuse = 0;
    if (excuse != 0)
        return excuse;
    chat->count.uploads.refused++;
    end(chat, upload);
    return CODE_BAD_REQUEST;
}

bool upload_promise(struct chat *chat, struct upload *upload)
{
    struct media_finish *finish = &upload->temp->finish;
    return make_id(finish->file) && stock_promise(chat, finish->file, upload->user->id, upload->size);
}

void upload_finish(struct chat *chat, struct upload *upload, upload_finished_function *finished,
                   void *context)
{
    struct media_finish *finish = &upload->temp->finish;
    upload->user->uploads.bytes -= upload->size; /* it is in the stock */
    upload->finishing = true;
    upload->finished = finished;
    upload->context = context;
    finish->failures = upload->failures;
    finish->has_hash = upload->temp->wants_hash;
    memcpy(finish->hash, upload->temp->hash, MEDIA_HASH_BYTES);
    media_thread_give(chat->media, &finish->job);
}

static struct upload_result result_of(const struct media_finish *finish)
{
    static const struct {
        int code;
        const char *error;
    } ends[] = {[MEDIA_KEPT] = {CODE_OK, ""},
                [MEDIA_UNWRITTEN] = {CODE_BUSY, "a chunk could not be written: send it again"},
                [MEDIA_WRONG_SIZE] = {CODE_BAD_REQUEST, "size: it has another"},
                [MEDIA_WRONG_HASH] = {CODE_BAD_REQUEST, "sha256: it has another"},
                [MEDIA_FAILED] = {CODE_BUSY, "the file could not be written: nothing is kept"}};
    return (struct upload_result){ends[finish->end].code, ends[finish->end].error, finish};
}

/* The rows, in a frame of their own. false: not now. */
static bool settle(struct chat *chat, const struct upload *upload, const struct media_finish *finish)
{
    if (!store_begin(chat->store))
        return false;
    if (finish->end == MEDIA_KEPT) {
        stock_keep(chat, finish->file, finish->found.ext);
    } else if (!stock_forget(chat, finish->file, upload->user->id, upload->size)) {
        store_abort(chat->store);
        return false;
    }
    store_commit(chat->store);
    return true;
}

static void warn(struct chat *chat, const char *what, int error)
{
    int64_t now = chat->steady;
    if (now < chat->uploads->warn_after)
        return;
    chat->uploads->warn_after = now + WARN_MS;
    broker_warn("media_dir: %s: %s", what, strerror(error));
}

static void count_end(struct chat *chat, const struct upload *upload)
{
    if (upload->temp->finish.end != MEDIA_KEPT) {
        chat->count.uploads.refused++;
        return;
    }
    chat->count.uploads.finished++;
    chat->count.uploads.bytes += (uint64_t)upload->size;
}

/* false: the store has no room for it now. */
static bool end_finishing(struct chat *chat, struct upload *upload)
{
    const struct media_finish *finish = &upload->temp->finish;
    const struct upload_result result = result_of(finish);
    if (!settle(chat, upload, finish))
        return false;
    if (finish->end == MEDIA_FAILED)
        warn(chat, "an upload could not be made a file", finish->job.error);
    upload->finished(chat, upload->context, &result);
    upload->finishing = upload->over = false;
    upload->user->uploads.bytes += upload->size;
    chat->uploads->over--;
    if (finish->end == MEDIA_UNWRITTEN)
        return true;
    count_end(chat, upload);
    end(chat, upload);
    return true;
}

static void end_all_finishing(struct chat *chat)
{
    struct upload *upload, *next;
    HASH_ITER (hh, chat->uploads->by_id, upload, next)
        if (chat->uploads->over == 0 || (upload->over && !end_finishing(chat, upload)))
            return;
}

/* What the thread has done */

/* It counts as never come, and its sender is told. */
static void take_back(struct chat *chat, const struct media_chunk *chunk)
{
    char topic[TOPIC_SIZE];
    struct upload *upload = find(chat, chunk->job.temp->id, MEDIA_ID_MAX);
    warn(chat, "a chunk could not be written", chunk->job.error);
    if (!upload)
        return;
    upload->failures++;
    unset_come(upload, chunk->number);
    upload->excuse = CODE_BUSY;
    struct session *session = session_by_client_id(chat, upload->owner->client_id);
    snprintf(topic, sizeof topic, UPLOAD_TOPIC "%s/%lld", upload->id, (long long)chunk->number);
    if (session && session->user == upload->user)
        event_rejected(chat, session, topic, CODE_BUSY, "the chunk could not be written: send it again", 0);
}

static void note_over(struct chat *chat, const struct media_job *job)
{
    struct upload *upload = find(chat, job->temp->id, MEDIA_ID_MAX);
    upload->over = true; /* it is there as long as it is finishing */
    chat->uploads->over++;
}

static void take_done(struct chat *chat)
{
    struct media_job *next, *job = media_thread_take_done(chat->media);
    for (; job; job = next) {
        next = job->next;
        switch (job->task) {
        case MEDIA_CHUNK:
            take_back(chat, (struct media_chunk *)job);
            media_job_free(job);
            break;
        case MEDIA_FINISH:
            note_over(chat, job);
            break;
        case MEDIA_DROP:
            media_job_free(job);
            break;
        case MEDIA_REMOVE:
            stock_removed(chat, (struct media_remove *)job);
            break;
        case MEDIA_LIST:
            stock_listed(chat, (struct media_list *)job);
            break;
        }
    }
}

/* Time */

static bool gone_quiet(const struct uploader *uploader, const struct upload *upload, int64_t now)
{
    return !upload->finishing && (now - upload->heard >= QUIET_MS || now - uploader->seen >= AWAY_MS);
}

static void end_quiet(struct chat *chat, struct uploader *uploader, int64_t now)
{
    struct upload *upload, *next;
    DL_FOREACH_SAFE (uploader->uploads, upload, next) {
        bool last = !next;
        if (gone_quiet(uploader, upload, now))
            upload_end(chat, upload);
        if (last)
            return; /* the uploader may have gone with it */
    }
}

static void look_around(struct chat *chat)
{
    struct uploader *uploader, *next;
    int64_t now = chat->steady;
    if (now - chat->uploads->looked < SECOND_MS)
        return;
    chat->uploads->looked = now;
    HASH_ITER (hh, chat->uploads->by_client, uploader, next) {
        if (session_by_client_id(chat, uploader->client_id))
            uploader->seen = now;
        end_quiet(chat, uploader, now);
    }
}

bool uploads_tick(struct chat *chat)
{
    if (!chat->uploads)
        return false;
    take_done(chat);
    end_all_finishing(chat);
    look_around(chat);
    stock_tick(chat);
    return false;
}

int uploads_open(struct chat *chat, char *error, size_t error_size)
{
    if (!chat->options.media_dir)
        return 0;
    snprintf(error, error_size, "media_dir: out of memory, or the database cannot be read");
    chat->uploads = calloc(1, sizeof *chat->uploads);
    if (!chat->uploads || media_thread_open(&chat->media, chat->options.media_dir, error, error_size))
        return -1;
    return stock_open(chat);
}

/* After the thread: what it had is freed. */
static void free_upload(struct chat *chat, struct upload *upload)
{
    const struct upload_result ended = {.code = CODE_BUSY, .error = ""};
    if (upload->finishing)
        upload->finished(chat, upload->context, &ended);
    HASH_DEL(chat->uploads->by_id, upload);
    free(upload->temp);
    free(upload);
}

void uploads_close(struct chat *chat)
{
    struct upload *upload, *next;
    struct uploader *uploader, *after;
    media_thread_close(chat->media);
    chat->media = NULL;
    stock_close(chat);
    if (!chat->uploads)
        return;
    HASH_ITER (hh, chat->uploads->by_id, upload, next)
        free_upload(chat, upload);
    HASH_ITER (hh, chat->uploads->by_client, uploader, after) {
        HASH_DEL(chat->uploads->by_client, uploader);
        free(uploader);
    }
    free(chat->uploads);
    chat->uploads = NULL;
}
