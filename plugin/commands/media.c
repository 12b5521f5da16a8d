/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "lib/json.h"
#include "plugin/commands/later.h"
#include "plugin/core/chat.h"
#include "plugin/media/upload.h"
#include "schema/store.h"

/* SHA-256 in hex */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hash(unsigned char out[MEDIA_HASH_BYTES], const char *hex)
{
    if (strlen(hex) != 2 * MEDIA_HASH_BYTES)
        return false;
    for (size_t i = 0; i < MEDIA_HASH_BYTES; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static void print_hash(char out[2 * MEDIA_HASH_BYTES + 1], const unsigned char hash[MEDIA_HASH_BYTES])
{
    for (size_t i = 0; i < MEDIA_HASH_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* createUpload */

int command_create_upload(struct command *command)
{
    unsigned char hash[MEDIA_HASH_BYTES];
    struct upload *upload;
    const char *error, *hex = command_text(command, FIELD_SHA256);
    struct upload_plan plan = {.size = command_number(command, FIELD_SIZE),
                               .chunk_bytes = command_number(command, FIELD_CHUNK_BYTES)};
    if (hex && !read_hash(hash, hex))
        return command_refuse(command, "sha256: 64 hex digits");
    plan.hash = hex ? hash : NULL;
    int code = upload_begin(command->chat, command->by.device, &plan, &upload, &error);
    if (code != CODE_OK) {
        snprintf(command->error, sizeof command->error, "%s", error);
        return code;
    }
    bool good = cJSON_AddStringToObject(command->data, "uploadID", upload_id(upload)) &&
                json_add_whole(command->data, "chunkBytes", plan.chunk_bytes);
    if (!good)
        upload_end(command->chat, upload);
    return command_answered(command, good);
}

/* The caller's own that `uploadID` names. */
static int find_upload(struct command *command, struct upload **upload)
{
    const char *error, *id = command_text(command, FIELD_UPLOAD_ID);
    int code = upload_find(command->chat, command->by.device, id, upload, &error);
    if (code != CODE_OK)
        snprintf(command->error, sizeof command->error, "%s", error);
    return code;
}

/* abortUpload */

int command_abort_upload(struct command *command)
{
    struct upload *upload;
    int code = find_upload(command, &upload);
    if (code == CODE_OK)
        upload_end(command->chat, upload);
    return code;
}

/* finishUpload */

/* NULL: out of memory. */
static cJSON *describe(const struct chat *chat, const struct media_finish *file)
{
    char url[1200], hash[2 * MEDIA_HASH_BYTES + 1];
    const struct sniffed *found = &file->found;
    cJSON *data = cJSON_CreateObject();
    const char *prefix = chat->options.media_url ? chat->options.media_url : "";
    snprintf(url, sizeof url, "%s%.2s/%s.%s", prefix, file->file, file->file, found->ext);
    print_hash(hash, file->hash);
    bool good = cJSON_AddStringToObject(data, "url", url) && json_add_whole(data, "size", file->size) &&
                cJSON_AddStringToObject(data, "sha256", hash) &&
                cJSON_AddStringToObject(data, "contentType", found->content_type);
    if (good && found->is_picture)
        good = json_add_whole(data, "width", found->picture.width) &&
               json_add_whole(data, "height", found->picture.height);
    if (good)
        return data;
    cJSON_Delete(data);
    return NULL;
}

static void answer(struct chat *chat, void *context, const struct upload_result *result)
{
    cJSON *data = result->code == CODE_OK ? describe(chat, result->file) : NULL;
    if (result->code == CODE_OK && !data)
        later_fail(chat, context);
    else
        later_answer(chat, context, result->code, result->error, data);
}

static int check_complete(struct command *command, struct upload *upload)
{
    int64_t missing;
    int code = upload_check(command->chat, upload, &missing);
    if (code != CODE_OK)
        snprintf(command->error, sizeof command->error, "uploadID: chunk %lld has not come",
                 (long long)missing);
    return code;
}

/* In a frame of its own, which is durable then. */
static int promise(struct command *command, struct upload *upload)
{
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!upload_promise(command->chat, upload)) {
        store_abort(command->chat->store);
        return CODE_BUSY;
    }
    command_commit(command);
    return CODE_OK;
}

int command_finish_upload(struct command *command)
{
    struct upload *upload;
    struct later *later = NULL;
    int code = find_upload(command, &upload);
    if (code == CODE_OK)
        code = check_complete(command, upload);
    if (code == CODE_OK)
        code = later_begin(command, &later);
    if (code == CODE_OK)
        code = promise(command, upload);
    if (code != CODE_OK) {
        later_drop(later);
        return code;
    }
    upload_finish(command->chat, upload, answer, later);
    return COMMAND_LATER;
}
