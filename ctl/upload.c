/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acl/code.h"
#include "acl/command_table.h"
#include "ctl/bar.h"
#include "ctl/complain.h"
#include "lib/basics.h"
#include "lib/json.h"

#define CHUNK_BYTES   262144
#define CHUNKS_A_TURN 16 /* then the broker is waited for: it keeps 16 MiB for its disk */
#define ATTEMPTS      5
#define PAUSE_MS      500
#define ID_BYTES      100

struct file_upload {
    struct asking *asking;
    const char *path;
    int file;
    int64_t size;
    char id[ID_BYTES];
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int begin(struct file_upload *uploading)
{
    int code;
    cJSON *data = NULL, *request = ask_request(&command_rows[COMMAND_create_upload]);
    cJSON_AddStringToObject(request, "name", base_name(uploading->path));
    cJSON_AddStringToObject(request, "contentType",
                            "application/octet-stream"); /* the broker looks for itself */
    json_add_whole(request, "size", uploading->size);
    int result = ask_data(uploading->asking, request, &data, 0, &code);
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "uploadID"));
    if (result == EXIT_DONE)
        snprintf(uploading->id, sizeof uploading->id, "%s", id ? id : "");
    cJSON_Delete(data);
    cJSON_Delete(request);
    return result;
}

/* Its answer comes when what was published before has been taken. */
static int wait_for_broker(const struct file_upload *uploading)
{
    int code;
    cJSON *data = NULL, *request = ask_request(&command_rows[COMMAND_get_unread]);
    int result = ask_data(uploading->asking, request, &data, 0, &code);
    cJSON_Delete(data);
    cJSON_Delete(request);
    return result;
}

static int send_chunk(const struct file_upload *uploading, int64_t number)
{
    static char bytes[CHUNK_BYTES];
    char topic[ID_BYTES + 40];
    ssize_t len = pread(uploading->file, bytes, sizeof bytes, number * CHUNK_BYTES);
    if (len <= 0)
        return complain("%s: %s", uploading->path, len < 0 ? strerror(errno) : "it has become shorter");
    snprintf(topic, sizeof topic, "chat/upload/%s/%lld", uploading->id, (long long)number);
    return ask_publish(uploading->asking, topic, bytes, (size_t)len)
               ? EXIT_DONE
               : complain("%s: the connection is gone", uploading->path);
}

static int send_chunks(const struct file_upload *uploading)
{
    int result = EXIT_DONE;
    const int64_t chunks = (uploading->size + CHUNK_BYTES - 1) / CHUNK_BYTES;
    for (int64_t number = 0; number < chunks && result == EXIT_DONE; number++) {
        result = send_chunk(uploading, number);
        if (result == EXIT_DONE && number % CHUNKS_A_TURN == CHUNKS_A_TURN - 1)
            result = wait_for_broker(uploading);
        bar_draw((int)(100 * (number + 1) / chunks));
    }
    return result;
}

/* *again: its disk was too slow for some chunks, which have to come once more. */
static int finish(const struct file_upload *uploading, bool last, bool *again, cJSON **data)
{
    int code;
    cJSON *request = ask_request(&command_rows[COMMAND_finish_upload]);
    cJSON_AddStringToObject(request, "uploadID", uploading->id);
    int result = ask_data(uploading->asking, request, data, last ? 0 : CODE_TOO_FAST, &code);
    *again = result != EXIT_DONE && code == CODE_TOO_FAST && !last;
    cJSON_Delete(request);
    return result;
}

static int send_all(struct file_upload *uploading, cJSON **data)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    bool again = true;
    int result = begin(uploading);
    for (int attempt = 1; result == EXIT_DONE && again; attempt++) {
        result = send_chunks(uploading);
        again = false;
        if (result == EXIT_DONE)
            result = finish(uploading, attempt == ATTEMPTS, &again, data);
        if (again) {
            nanosleep(&pause, NULL);
            result = EXIT_DONE;
        }
    }
    bar_erase();
    return result;
}

/* The content that a type is, and the members of the answer that it takes over. */
static const struct {
    const char *type, *content;
    const char *members[4];
} kinds[] = {
    {"image/", "image", {"url", "size", "width", "height"}},
    {"audio/", "sound", {"url", "size"}},
    {"video/", "video", {"url", "size"}},
    {"", "file", {"url", "size"}},
};

static cJSON *make_content(const char *path, cJSON *data)
{
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "contentType"));
    size_t kind = 0;
    while (strncmp(type ? type : "", kinds[kind].type, strlen(kinds[kind].type)) != 0)
        kind++;
    cJSON *content = cJSON_CreateObject();
    cJSON *inner = cJSON_AddObjectToObject(content, kinds[kind].content);
    for (size_t i = 0; i < COUNT(kinds[kind].members) && kinds[kind].members[i]; i++) {
        cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(data, kinds[kind].members[i]);
        if (item)
            cJSON_AddItemToObject(inner, kinds[kind].members[i], item);
    }
    if (strcmp(kinds[kind].content, "file") == 0)
        cJSON_AddStringToObject(inner, "name", base_name(path));
    return content;
}

int upload_file(struct asking *asking, const char *path, cJSON **content)
{
    struct stat found;
    cJSON *data = NULL;
    struct file_upload uploading = {.asking = asking, .path = path, .file = open(path, O_RDONLY | O_CLOEXEC)};
    *content = NULL;
    if (uploading.file < 0)
        return complain("%s: %s", path, strerror(errno));
    int result = fstat(uploading.file, &found) == 0 && S_ISREG(found.st_mode) && found.st_size > 0
                     ? EXIT_DONE
                     : complain("%s: not a file, or an empty one", path);
    uploading.size = found.st_size;
    if (result == EXIT_DONE)
        result = send_all(&uploading, &data);
    if (result == EXIT_DONE)
        *content = make_content(path, data);
    cJSON_Delete(data);
    close(uploading.file);
    return result;
}
