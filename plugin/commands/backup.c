/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/backup.h"
#include "plugin/commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "schema/store.h"

/* A name in backup_dir, and no way out of it. */
static bool is_plain_name(const char *name)
{
    return name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

int command_start_backup(struct command *command)
{
    struct chat *chat = command->chat;
    const char *folder = chat->options.backup_dir, *name = command_text(command, FIELD_NAME);
    char path[PATH_MAX];
    if (!folder) {
        text_copy(command->error, sizeof command->error, "there is no backup_dir");
        return CODE_UNKNOWN_COMMAND;
    }
    if (!is_plain_name(name))
        return command_refuse(command, "name: letters, digits, and _ - . behind the first");
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path - 16)
        return command_refuse(command, "name: too long behind backup_dir");
    if (backup_is_under_way(backup_stage(store_last_backup(chat->store)))) {
        text_copy(command->error, sizeof command->error, "another backup is under way");
        return CODE_BUSY;
    }
    if (!cJSON_AddStringToObject(command->data, "file", path) || !store_backup(chat->store, path))
        return CODE_BUSY;
    return CODE_OK;
}

static bool add_report(cJSON *data, const struct backup *backup, enum backup_stage stage)
{
    if (stage == BACKUP_FAILED)
        return cJSON_AddStringToObject(data, "error", backup->reason);
    if (stage == BACKUP_DONE)
        return json_add_whole(data, "bytes", backup->bytes) &&
               json_add_whole(data, "mediaFiles", backup->media_files) &&
               json_add_whole(data, "mediaBytes", backup->media_bytes);
    return stage == BACKUP_NONE || json_add_whole(data, "percent", atomic_load(&backup->percent));
}

int command_get_backup(struct command *command)
{
    static const char *const states[] = {
        [BACKUP_NONE] = "none",       [BACKUP_ASKED] = "running", [BACKUP_COPYING] = "running",
        [BACKUP_LISTING] = "running", [BACKUP_DONE] = "done",     [BACKUP_FAILED] = "failed"};
    const struct backup *backup = store_last_backup(command->chat->store);
    enum backup_stage stage = backup_stage(backup);
    if (!cJSON_AddStringToObject(command->data, "state", states[stage]) ||
        (stage != BACKUP_NONE && !cJSON_AddStringToObject(command->data, "file", backup->path)) ||
        !add_report(command->data, backup, stage))
        return CODE_BUSY;
    return CODE_OK;
}
