/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The table of commands: it is sound, it says what docs/protocol.md says, and a request that is not as it wants
 * is told so. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acl/code.h"
#include "acl/command_table.h"
#include "acl/limits.h"
#include "lib/basics.h"
#include "plugin/commands/fields.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/review.h"

#define PROTOCOL SOURCE_DIR "/docs/protocol.md"
#define LETTERS  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Nothing is carried out here. */
void announce_commit(struct chat *chat)
{
    (void)chat;
}

void review_put_end(struct chat *chat, const struct review *review)
{
    (void)chat;
    (void)review;
}

static const struct command_field *find_field(const struct command_field *fields, const char *name)
{
    for (; fields->type != TYPE_NONE; fields++)
        if (strcmp(field_name(fields->name), name) == 0)
            return fields;
    return NULL;
}

static bool has_word(const char *words, const char *word, size_t len)
{
    for (; words && *words; words += strcspn(words, " |"), words += strspn(words, " |"))
        if (strcspn(words, " |") == len && strncmp(words, word, len) == 0)
            return true;
    return false;
}

/* The table in itself */

static void test_names_are_there_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command_row *row = &command_rows[i];
        assert_ptr_equal(command_row_find(row->name), row);
        for (const struct command_field *field = row->fields; field->type != TYPE_NONE; field++)
            assert_ptr_equal(find_field(row->fields, field_name(field->name)), field);
    }
    assert_null(command_row_find("doesNotExist"));
}

/* Of a kind of word the table has all that the rules understand, and no other. */
static void check_words(const struct command_field *field)
{
    char word[32];
    enum group_type type;
    enum role role;
    enum add_opt add;
    enum invite_opt invite;
    for (const char *at = field->words; *at; at += strcspn(at, " |"), at += strspn(at, " |")) {
        snprintf(word, sizeof word, "%.*s", (int)strcspn(at, " |"), at);
        assert_true(field->name != FIELD_GROUP_TYPE || group_type_parse(word, &type));
        assert_true(field->name != FIELD_ROLE || role_parse(word, &role));
        assert_true(field->name != FIELD_ADD_OPT || add_opt_parse(word, &add));
        assert_true(field->name != FIELD_INVITE_OPT || invite_opt_parse(word, &invite));
    }
    for (int i = 0; i < GROUP_TYPES && field->name == FIELD_GROUP_TYPE; i++) {
        const struct group_traits *traits = group_traits((enum group_type)i);
        assert_true(has_word(field->words, traits->name, strlen(traits->name)));
        assert_true(!traits->new_name || has_word(field->words, traits->new_name, strlen(traits->new_name)));
    }
    for (int i = ADD_FREE; i <= ADD_DISABLED; i++) {
        const char *name = field->name == FIELD_ADD_OPT ? add_opt_name((enum add_opt)i)
                                                        : invite_opt_name((enum invite_opt)i);
        bool is_opt = field->name == FIELD_ADD_OPT || field->name == FIELD_INVITE_OPT;
        assert_true(!is_opt || has_word(field->words, name, strlen(name)));
    }
}

static void check_field(const struct command_row *row, const struct command_field *field)
{
    const struct command_field *group = find_field(row->fields, field_name(FIELD_GROUP_ID));
    if (!group)
        group = find_field(row->fields, field_name(FIELD_GROUP));
    assert_true((field->type == TYPE_WORD) == (field->words != NULL));
    assert_true((field->type == TYPE_OBJECTS || field->type == TYPE_NAMES_OR_OBJECTS ||
                 field->type == TYPE_ITEMS) == (field->of != NULL));
    if (field->guarded) /* the right is asked for in a group that is there */
        assert_true(group && group->type == TYPE_GROUP && (field == group || group->need == NEED_REQUIRED));
    if (field->type == TYPE_NUMBER)
        assert_true(field->min < field->max && field->max <= ID_MAX && field->otherwise <= field->max);
    if (field->otherwise != 0)
        assert_true(field->type == TYPE_NUMBER && field->need == NEED_OPTIONAL &&
                    field->otherwise >= field->min);
    if (field->words)
        check_words(field);
}

static void test_fields_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMANDS; i++)
        for (const struct command_field *field = command_rows[i].fields; field->type != TYPE_NONE; field++) {
            check_field(&command_rows[i], field);
            for (const struct command_field *of = field->of; of && of->type != TYPE_NONE; of++)
                check_field(&command_rows[i], of);
        }
}

/* The table and docs/protocol.md */

struct docs_reader {
    FILE *file;
    int number; /* of the line */
    char line[2048];
    int wrong;
};

static bool next_line(struct docs_reader *reader)
{
    reader->number++;
    return fgets(reader->line, sizeof reader->line, reader->file) != NULL;
}

/* false: there is no such heading. */
static bool go_to(struct docs_reader *reader, const char *heading)
{
    while (next_line(reader))
        if (strncmp(reader->line, heading, strlen(heading)) == 0)
            return true;
    return false;
}

static void complain(struct docs_reader *reader, const char *what, const char *name)
{
    print_error("protocol.md:%d: %s: %s\n", reader->number, name, what);
    reader->wrong++;
}

/* Cuts a line of a table into its cells, and takes the bars out of `a\|b`. Returns how many. */
static size_t cut(char *line, char *cells[], size_t max)
{
    size_t count = 0;
    char *out = line + 1;
    cells[count++] = out;
    for (const char *in = line + 1; *in && count < max; in++)
        if (*in == '|') {
            *out++ = '\0';
            cells[count++] = out;
        } else if (*in == '\\' && in[1] == '|') {
            *out++ = *++in;
        } else {
            *out++ = *in;
        }
    return count - 1;
}

/* The next text in backquotes, or NULL; *after is what follows it. */
static char *next_quoted(char **after)
{
    char *begin = strchr(*after, '`'), *end = begin ? strchr(begin + 1, '`') : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    *after = end + 1;
    return begin + 1;
}

struct told {
    const struct command_row *row;
    bool seen[FIELDS];
};

static bool is_word_of(const struct command_row *row, const char *name)
{
    for (const struct command_field *field = row->fields; field->type != TYPE_NONE; field++)
        if (has_word(field->words, name, strlen(name)))
            return true;
    return false;
}

/* "?" means that it may be left out, "to|group" that one of the two stands for both. */
static void hold_name(struct docs_reader *reader, struct told *told, const struct command_field *fields,
                      char *name, bool optional)
{
    const struct command_field *field = find_field(fields, strcmp(name, "to|group") == 0 ? "to" : name);
    if (!field) {
        if (!is_word_of(told->row, name))
            complain(reader, "the table has no such field", name);
        return;
    }
    if (fields == told->row->fields)
        told->seen[field->name] = true;
    if (optional ? field->need == NEED_REQUIRED : field->need == NEED_OPTIONAL)
        complain(reader, "is it optional?", name);
}

/* "members?: [{userID, role?}]" */
static void hold_names(struct docs_reader *reader, struct told *told, char *text)
{
    const struct command_field *fields = told->row->fields, *list = NULL;
    while (*(text += strcspn(text, LETTERS "["))) {
        if (*text == '[') {
            if (text[1] != '{')
                return; /* [userID] or [number] is a type */
            assert_true(list && list->of);
            fields = list->of;
            text++;
            continue;
        }
        size_t len = strspn(text, LETTERS "0123456789|");
        bool optional = text[len] == '?';
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)len, text);
        text += len + optional;
        hold_name(reader, told, fields, name, optional);
        list = find_field(fields, name);
    }
}

/* "(100, at most 500)" after the last field of `text`. */
static void hold_limits(struct docs_reader *reader, const struct told *told, const char *text,
                        const char *after)
{
    char name[32];
    long long number;
    snprintf(name, sizeof name, "%.*s", (int)strspn(text, LETTERS), text);
    const struct command_field *field = find_field(told->row->fields, name);
    const char *most = strstr(after, "at most "), *next = strchr(after, '`');
    if (!field)
        return;
    if (most && (!next || most < next) && sscanf(most, "at most %lld", &number) == 1 && !strchr(most, '^') &&
        number != field->max)
        complain(reader, "another limit in the table", name);
    if (sscanf(after, " (%lld,", &number) == 1 && number != field->otherwise)
        complain(reader, "another default in the table", name);
}

static void hold_row(struct docs_reader *reader, const struct command_row *row, char *fields)
{
    struct told told = {.row = row};
    char *after = fields, *text;
    while ((text = next_quoted(&after))) {
        hold_names(reader, &told, text);
        hold_limits(reader, &told, text, after);
    }
    for (const struct command_field *field = row->fields; field->type != TYPE_NONE; field++)
        if (!told.seen[field->name])
            complain(reader, "the table has it, the line has not", field_name(field->name));
}

/* A line of a table of commands: several may share one. */
static void hold_line(struct docs_reader *reader, bool seen[COMMANDS])
{
    char *cells[8], *name, fields[1024];
    if (strncmp(reader->line, "| `", 3) != 0)
        return;
    assert_int_equal(cut(reader->line, cells, COUNT(cells)), 3);
    for (char *after = cells[0]; (name = next_quoted(&after));) {
        const struct command_row *row = command_row_find(name);
        if (!row) {
            complain(reader, "there is no such command", name);
            continue;
        }
        seen[row - command_rows] = true;
        snprintf(fields, sizeof fields, "%s", cells[1]);
        hold_row(reader, row, fields);
    }
}

static void test_protocol_has_every_command_and_field(void **state)
{
    (void)state;
    struct docs_reader reader = {.file = fopen(PROTOCOL, "r")};
    bool seen[COMMANDS] = {false};
    assert_non_null(reader.file);
    assert_true(go_to(&reader, "## 7. Commands"));
    while (next_line(&reader) && strncmp(reader.line, "## ", 3) != 0)
        hold_line(&reader, seen);
    for (size_t i = 0; i < COMMANDS; i++)
        if (!seen[i])
            complain(&reader, "is not in section 7", command_rows[i].name);
    (void)fclose(reader.file);
    assert_int_equal(reader.wrong, 0);
}

/* Does section 12 say so of a text of that name? */
static bool has_limit(struct docs_reader *reader, const struct command_field *field)
{
    char *cells[4];
    const char *name = field_name(field->name);
    rewind(reader->file);
    reader->number = 0;
    assert_true(go_to(reader, "## 12. Limits"));
    while (next_line(reader)) {
        if (reader->line[0] != '|' || cut(reader->line, cells, COUNT(cells)) != 2)
            continue;
        const char *found = strstr(cells[0], name);
        if (found && !isalpha((unsigned char)found[-1]) && !isalpha((unsigned char)found[strlen(name)]) &&
            atoll(cells[1]) == field->max)
            return true;
    }
    return false;
}

static void test_protocol_has_the_limits_of_texts(void **state)
{
    (void)state;
    struct docs_reader reader = {.file = fopen(PROTOCOL, "r")};
    assert_non_null(reader.file);
    for (size_t i = 0; i < COMMANDS; i++)
        for (const struct command_field *field = command_rows[i].fields; field->type != TYPE_NONE; field++)
            if (field->type == TYPE_TEXT && field->max != ANY_LENGTH && !has_limit(&reader, field))
                complain(&reader, "section 12 has another limit, or none", field_name(field->name));
    (void)fclose(reader.file);
    assert_int_equal(reader.wrong, 0);
}

/* What is said of a request that is wrong */

static const struct refusal {
    const char *request;
    int code;
    const char *error;
} refusals[] = {
    {"{'command':'createGroup'}", CODE_BAD_REQUEST, "groupType: missing"},
    {"{'command':'createGroup','groupType':''}", CODE_BAD_REQUEST, "groupType: must not be empty"},
    {"{'command':'createGroup','groupType':7}", CODE_BAD_REQUEST, "groupType: must be text"},
    {"{'command':'createGroup','groupType':'X'}", CODE_BAD_REQUEST,
     "groupType: Private, Public, ChatRoom or AVChatRoom"},
    {"{'command':'createGroup','groupType':'Work'}", CODE_OK, ""},
    {"{'command':'createGroup','groupType':'Work|ChatRoom'}", CODE_BAD_REQUEST,
     "groupType: Private, Public, ChatRoom or AVChatRoom"},
    {"{'command':'createGroup','groupType':'Work','groupID':'a b'}", CODE_BAD_GROUP_ID, ""},
    {"{'command':'createGroup','groupType':'Work','groupID':''}", CODE_OK, ""},
    {"{'command':'createGroup','groupType':'Work','groupName':'1234567890123456789012345678901'}",
     CODE_BAD_REQUEST, "groupName: at most 30 bytes"},
    {"{'command':'createGroup','groupType':'Work','members':{}}", CODE_BAD_REQUEST,
     "members: must be a list of {userID, role, joinTime}"},
    {"{'command':'createGroup','groupType':'Work','members':['bob']}", CODE_BAD_REQUEST,
     "members: must be a list of {userID, role, joinTime}"},
    {"{'command':'createGroup','groupType':'Work','members':[]}", CODE_OK, ""},
    {"{'command':'createGroup','groupType':'Work','members':[{}]}", CODE_BAD_REQUEST,
     "members: userID: missing"},
    {"{'command':'createGroup','groupType':'Work','members':[{'userID':'bob','role':'owner'}]}",
     CODE_BAD_REQUEST, "members: role: admin or member"},
    {"{'command':'inviteGroupMember'}", CODE_BAD_REQUEST, "members: missing"},
    {"{'command':'inviteGroupMember','members':[]}", CODE_BAD_REQUEST, "members: must be a list of userIDs"},
    {"{'command':'inviteGroupMember','members':['bob',7]}", CODE_BAD_REQUEST,
     "members: must be a list of userIDs"},
    {"{'command':'inviteGroupMember','members':['a b','bob','bob']}", CODE_OK, ""},
    {"{'command':'inviteGroupMember','members':['bob',{'userID':'carol','joinTime':1}]}", CODE_OK, ""},
    {"{'command':'inviteGroupMember','members':[{'userID':'carol','joinTime':0}]}", CODE_BAD_REQUEST,
     "members: joinTime: must be a whole number from 1 to 9007199254740991"},
    {"{'command':'inviteGroupMember','members':[{'role':'member'}]}", CODE_BAD_REQUEST,
     "members: userID: missing"},
    {"{'command':'createGroup','groupType':'Work','silent':1}", CODE_BAD_REQUEST,
     "silent: must be true or false"},
    {"{'command':'createGroup','groupType':'Work','members':[{'userID':'a b'}]}", CODE_OK, ""},
    {"{'command':'setGroupMemberRole','userID':'a b'}", CODE_BAD_REQUEST, "userID: must be a userID"},
    {"{'command':'setGroupInfo'}", CODE_BAD_REQUEST,
     "groupName, introduction, notification, faceURL, addOpt, inviteOpt, allMuted: one of them at least"},
    {"{'command':'setGroupInfo','allMuted':0}", CODE_BAD_REQUEST, "allMuted: must be true or false"},
    {"{'command':'setGroupInfo','allMuted':false}", CODE_OK, ""},
    {"{'command':'getGroupMembers','limit':501}", CODE_BAD_REQUEST,
     "limit: must be a whole number from 1 to 500"},
    {"{'command':'getGroupMembers','limit':1.5}", CODE_BAD_REQUEST,
     "limit: must be a whole number from 1 to 500"},
    {"{'command':'importUsers','userIDs':['a b','a b']}", CODE_OK, ""},
    {"{'command':'importUsers','userIDs':[1]}", CODE_BAD_REQUEST, "userIDs: must be a list of userIDs"},
    {"{'command':'deleteMessages','ids':[0]}", CODE_BAD_REQUEST,
     "ids: must be a list of 1 to 100 whole numbers above 0"},
    {"{'command':'pushDone','jobs':[]}", CODE_BAD_REQUEST,
     "jobs: must be a list of 1 to 500 whole numbers above 0"},
    /* What is looked up is not looked at here. */
    {"{'command':'joinGroup','groupID':7,'message':''}", CODE_OK, ""},
    {"{'command':'muteUser'}", CODE_BAD_REQUEST, "c2cSeconds, groupSeconds: one of them at least"},
};

/* `text` with double quotes; to be freed with cJSON_Delete. */
static cJSON *read_request(const char *text)
{
    char json[512];
    snprintf(json, sizeof json, "%s", text);
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    cJSON *request = cJSON_Parse(json);
    assert_non_null(request);
    return request;
}

static int check(struct command *command, const char *text)
{
    cJSON *request = read_request(text);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "command"));
    *command = (struct command){.request = request};
    return fields_check(command, command_row_find(name)->fields);
}

static void test_a_wrong_field_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct command command;
        int code = check(&command, refusals[i].request);
        if (code != refusals[i].code || strcmp(command.error, refusals[i].error) != 0)
            fail_msg("%s: %d \"%s\"", refusals[i].request, code, command.error);
        cJSON_Delete((cJSON *)command.request);
    }
}

static void test_too_many_are_refused(void **state)
{
    (void)state;
    struct command command;
    cJSON *request = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(request, "userIDs");
    char id[16];
    for (int i = 0; i <= USERS_MAX; i++) {
        snprintf(id, sizeof id, "u%d", i);
        cJSON_AddItemToArray(list, cJSON_CreateString(id));
        command = (struct command){.request = request};
        int code = fields_check(&command, command_row_find("getUsersInfo")->fields);
        assert_int_equal(code, i < USERS_MAX ? CODE_OK : CODE_TOO_MANY_MEMBERS);
    }
    assert_string_equal(command.error, "userIDs: at most 100");
    cJSON_Delete(request);
}

static void test_fields_are_given_as_they_were_checked(void **state)
{
    (void)state;
    struct command command;
    assert_int_equal(check(&command, "{'command':'getGroupMembers','offset':7}"), CODE_OK);
    assert_int_equal(command_number(&command, FIELD_OFFSET), 7);
    assert_int_equal(command_number(&command, FIELD_LIMIT), 100);
    assert_false(command_has(&command, FIELD_LIMIT));
    cJSON_Delete((cJSON *)command.request);
    assert_int_equal(check(&command, "{'command':'pushFailed','job':1,'error':'','dead':true}"), CODE_OK);
    assert_null(command_text(&command, FIELD_ERROR));
    assert_true(command_bool(&command, FIELD_DEAD));
    assert_false(command_bool(&command, FIELD_INVALID_TOKEN));
    assert_null(command_list(&command, FIELD_JOBS));
    cJSON_Delete((cJSON *)command.request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_there_once),
        cmocka_unit_test(test_fields_are_sound),
        cmocka_unit_test(test_protocol_has_every_command_and_field),
        cmocka_unit_test(test_protocol_has_the_limits_of_texts),
        cmocka_unit_test(test_a_wrong_field_is_named),
        cmocka_unit_test(test_too_many_are_refused),
        cmocka_unit_test(test_fields_are_given_as_they_were_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
