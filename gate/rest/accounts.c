/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* im_open_login_svc: who there is. */
#include "gate/rest/services.h"

#include <string.h>

#include "acl/code.h"

enum { IMPORT_FAILED, IMPORT_CREATED, IMPORT_EXISTS }; /* importUsers: `result` */

static void set_profile(struct call *call, const char *user, const char *nick, const char *face)
{
    if (!nick && !face)
        return;
    cJSON *profile = call_ask_as(call, user, "setSelfInfo");
    put_text(call, profile, "nickname", nick);
    put_text(call, profile, "faceURL", face);
}

/* Of a list `name` of objects in a reply: the member `wanted` of that whose userID it is. */
static int64_t number_at(const struct reply *reply, const char *name, const char *user, const char *wanted)
{
    const cJSON *entry;
    cJSON_ArrayForEach (entry, reply_member(reply, name)) {
        const char *here = object_text(entry, "userID", NULL);
        if (here && strcmp(here, user) == 0)
            return object_number(entry, wanted, NULL, -1);
    }
    return -1;
}

/* account_import */

static const struct rest_field import_fields[] = {{"UserID", "Identifier", REST_TEXT, true, 0, 0},
                                                  {"Nick", NULL, REST_TEXT, false, 0, 0},
                                                  {"FaceUrl", NULL, REST_TEXT, false, 0, 0},
                                                  {0}};

static void import_profile_set(struct call *call)
{
    if (call_replies(call) > 0)
        (void)call_refused(call, call_reply(call, 0));
}

static void import_done(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const char *user = call_text(call, "UserID");
    if (call_refused(call, reply))
        return;
    if (number_at(reply, "users", user, "result") <= IMPORT_FAILED)
        call_fail(call, call_code(call, CODE_BAD_REQUEST), "UserID: %s is no userID", user);
    else
        set_profile(call, user, call_text(call, "Nick"), call_text(call, "FaceUrl"));
    call_then(call, import_profile_set);
}

static void import(struct call *call)
{
    cJSON *users = put_list(call, call_ask(call, "importUsers"), "userIDs");
    add_text(call, users, call_text(call, "UserID"));
    call_then(call, import_done);
}

/* multiaccount_import */

static const struct rest_field multi_import_fields[] = {
    {"Accounts", NULL, REST_TEXTS, false, 100, 0}, {"AccountList", NULL, REST_OBJECTS, false, 100, 0}, {0}};

/* The userID of an entry of either list. */
static const char *account_of(const cJSON *entry)
{
    return cJSON_IsString(entry) ? entry->valuestring : object_text(entry, "UserID", "Identifier");
}

static const cJSON *accounts_of(const struct call *call)
{
    const cJSON *list = call_list(call, "AccountList");
    return list ? list : call_list(call, "Accounts");
}

static void multi_import_profiles_set(struct call *call)
{
    (void)call; /* who has no profile is there all the same */
}

static void multi_import_done(struct call *call)
{
    const struct reply *reply = call_reply(call, 0);
    const cJSON *entry;
    if (call_refused(call, reply))
        return;
    cJSON *failed = put_list(call, call_answer(call), "FailAccounts");
    cJSON_ArrayForEach (entry, accounts_of(call)) {
        const char *user = account_of(entry);
        if (number_at(reply, "users", user, "result") <= IMPORT_FAILED)
            add_text(call, failed, user);
        else
            set_profile(call, user, object_text(entry, "Nick", NULL), object_text(entry, "FaceUrl", NULL));
    }
    if (cJSON_GetArraySize(failed) > 0)
        call_some_failed(call);
    call_then(call, multi_import_profiles_set);
}

static void multi_import(struct call *call)
{
    const cJSON *entry, *list = accounts_of(call);
    if (cJSON_GetArraySize(list) == 0) {
        call_refuse(call, CODE_BAD_REQUEST, "AccountList is missing");
        return;
    }
    cJSON *users = put_list(call, call_ask(call, "importUsers"), "userIDs");
    cJSON_ArrayForEach (entry, list) {
        if (!account_of(entry)) {
            call_refuse(call, CODE_BAD_REQUEST, "AccountList: UserID is missing");
            return;
        }
        add_text(call, users, account_of(entry));
    }
    call_then(call, multi_import_done);
}

/* account_delete, account_check: one command for each, one entry in the answer */

static const struct rest_field delete_fields[] = {{"DeleteItem", NULL, REST_OBJECTS, true, 100, 0}, {0}};
static const struct rest_field check_fields[] = {{"CheckItem", NULL, REST_OBJECTS, true, 100, 0}, {0}};

/* Asks `command` with each UserID of a list. */
static void ask_each(struct call *call, const char *field, const char *command)
{
    const cJSON *entry;
    cJSON_ArrayForEach (entry, call_list(call, field)) {
        const char *user = object_text(entry, "UserID", "Identifier");
        if (!user) {
            call_fail(call, call_code(call, CODE_BAD_REQUEST), "%s: UserID is missing", field);
            return;
        }
        put_text(call, call_ask(call, command), "userID", user);
    }
}

/* Adds the entry for the i-th; the user in `*user`. */
static cJSON *add_result(struct call *call, cJSON *results, const cJSON *entry, int code, const char *error)
{
    cJSON *result = add_object(call, results);
    put_text(call, result, "UserID", object_text(entry, "UserID", "Identifier"));
    put_number(call, result, "ResultCode", code);
    put_text(call, result, "ResultInfo", error);
    return result;
}

static void deleted(struct call *call)
{
    size_t i = 0;
    const cJSON *entry;
    cJSON *results = put_list(call, call_answer(call), "ResultItem");
    cJSON_ArrayForEach (entry, call_list(call, "DeleteItem")) {
        const struct reply *reply = call_reply(call, i++);
        const bool unknown = reply->code == CODE_NO_USER;
        (void)add_result(call, results, entry, call_code(call, reply->code),
                         unknown ? "Err_TLS_PT_Open_Login_Account_Not_Exist" : reply->error);
    }
}

static void delete_accounts(struct call *call)
{
    ask_each(call, "DeleteItem", "deleteUser");
    call_then(call, deleted);
}

static void checked(struct call *call)
{
    size_t i = 0;
    const cJSON *entry;
    cJSON *results = put_list(call, call_answer(call), "ResultItem");
    cJSON_ArrayForEach (entry, call_list(call, "CheckItem")) {
        const struct reply *reply = call_reply(call, i++);
        const bool known = reply->code == 0, unknown = reply->code == CODE_NO_USER;
        cJSON *result = add_result(call, results, entry, known || unknown ? 0 : call_code(call, reply->code),
                                   unknown ? "" : reply->error);
        if (known || unknown)
            put_text(call, result, "AccountStatus", known ? "Imported" : "NotImported");
    }
}

static void check_accounts(struct call *call)
{
    ask_each(call, "CheckItem", "getUser");
    call_then(call, checked);
}

/* kick */

static const struct rest_field kick_fields[] = {{"UserID", "Identifier", REST_TEXT, true, 0, 0}, {0}};

static void kicked(struct call *call)
{
    (void)call_refused(call, call_reply(call, 0));
}

static void kick(struct call *call)
{
    put_text(call, call_ask(call, "kickUser"), "userID", call_text(call, "UserID"));
    call_then(call, kicked);
}

static const struct rest_command commands[] = {
    {"account_import", import_fields, import},
    {"multiaccount_import", multi_import_fields, multi_import},
    {"account_delete", delete_fields, delete_accounts},
    {"account_check", check_fields, check_accounts},
    {"kick", kick_fields, kick},
    {NULL, NULL, NULL},
};

const struct rest_service service_account = {"im_open_login_svc", FAMILY_ACCOUNT, commands};
