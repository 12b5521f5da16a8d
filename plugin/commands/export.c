/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/export.h"

#include <stdint.h>
#include <stdlib.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/text.h"
#include "plugin/commands/commands.h"
#include "plugin/commands/export_kinds.h"
#include "plugin/commands/later.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "schema/store.h"

/* How long a page waits for the database, before it is 10002; and how long at every turn of the loop. */
#define PATIENCE_MS 10000
#define HASTE_MS    100

/* One that waits. */
struct export
{
    struct later *later;
    struct export_request request;
    char user[USER_ID_MAX + 1]; /* request.user */
    uint64_t mark;              /* what the database is to have */
    int64_t since;              /* chat->steady */
    struct export *prev, *next; /* chat->exports, in the order of their marks */
};

/* CODE_OK, with data, NULL when memory was out; or a code, without. */
static int read_page(struct chat *chat, const struct export_request *request, cJSON **data)
{
    *data = cJSON_CreateObject();
    bool good = *data && export_read(chat, request, *data);
    int code = store_reads_failed(chat->store) ? CODE_BUSY : CODE_OK;
    if (good && code == CODE_OK)
        return CODE_OK;
    cJSON_Delete(*data);
    *data = NULL;
    return code;
}

/* Those that wait */

static int wait_for_commit(struct command *command, const struct export_request *request)
{
    struct chat *chat = command->chat;
    struct later *later;
    int code = later_begin(command, &later);
    if (code != CODE_OK)
        return code;
    struct export *export = malloc(sizeof *export);
    if (!export) {
        later_drop(later);
        return CODE_BUSY;
    }
    *export = (struct export){
        .later = later, .request = *request, .mark = store_last_mark(chat->store), .since = chat->steady};
    text_copy(export->user, sizeof export->user, request->user);
    export->request.user = export->user;
    DL_APPEND(chat->exports, export);
    return COMMAND_LATER;
}

static void answer(struct chat *chat, struct export *export)
{
    cJSON *data = NULL;
    int code = store_has(chat->store, export->mark) ? read_page(chat, &export->request, &data) : CODE_BUSY;
    if (code == CODE_OK && !data)
        later_fail(chat, export->later);
    else
        later_answer(chat, export->later, code, "", data);
    DL_DELETE(chat->exports, export);
    free(export);
}

/* One page a turn. */
bool exports_tick(struct chat *chat)
{
    struct export *first = chat->exports;
    if (!first)
        return false;
    const int64_t waited = chat->steady - first->since;
    store_reads_begin(chat->store);
    if (store_has(chat->store, first->mark) || waited > PATIENCE_MS)
        answer(chat, first);
    return chat->exports && waited < HASTE_MS;
}

void exports_close(struct chat *chat)
{
    while (chat->exports) {
        struct export *first = chat->exports;
        DL_DELETE(chat->exports, first);
        later_drop(first->later);
        free(first);
    }
}

/* exportUser */

int command_export_user(struct command *command)
{
    struct chat *chat = command->chat;
    const char *after = command_text(command, FIELD_AFTER);
    struct export_request request = {.user = command->access.user->id,
                                     .after = export_begin(),
                                     .limit = (size_t)command_number(command, FIELD_LIMIT)};
    if (after && !export_place_parse(&request.after, after))
        return command_refuse(command, "after: must be the next of a page");
    if (!store_has(chat->store, store_last_mark(chat->store)))
        return wait_for_commit(command, &request);
    cJSON_Delete(command->data);
    return read_page(chat, &request, &command->data);
}
