/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tests/memory/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acl/code.h"
#include "lib/usersig.h"
#include "tests/memory/failing_malloc.h"

#define SDKAPPID   1400000000
#define YEAR       (365 * 86400)
#define TEXT_BYTES 4096
#define KEY        "a key that is known to nobody else"

static const char *const names[PEOPLE] = {"alice", "bob", "carol", "dave", "eve"};
static const char *const groups[] = {"club", "hall", "stage", "home"};
#define GROUPS (sizeof groups / sizeof *groups)

/* The town */

static struct {
    char folder[64], key_file[100], database[100], settings[100], words[100], media[100];
    const char *options[20];
    struct mosquitto *root;
} town;

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

const char *const *town_options(void)
{
    return town.options;
}

void town_set(const char *more)
{
    char text[400];
    snprintf(text, sizeof text, "group_rate 1000\nrecall_seconds 604800\nedit_seconds 604800\n%s", more);
    write_file(town.settings, text);
}

static void lay_out(void)
{
    const char *options[] = {"sdkappid",    "1400000000",    "secret_key_file", town.key_file, "database",
                             town.database, "settings_file", town.settings,     "admins",      "root",
                             "sync",        "off",           "ring_bytes",      "8388608",     "words_file",
                             town.words,    "media_dir",     town.media,        NULL};
    memcpy(town.options, options, sizeof options);
}

void town_found(void)
{
    strcpy(town.folder, "/tmp/test_memory.XXXXXX");
    assert_non_null(mkdtemp(town.folder));
    snprintf(town.key_file, sizeof town.key_file, "%s/key", town.folder);
    snprintf(town.database, sizeof town.database, "%s/db", town.folder);
    snprintf(town.settings, sizeof town.settings, "%s/settings", town.folder);
    snprintf(town.words, sizeof town.words, "%s/words", town.folder);
    snprintf(town.media, sizeof town.media, "%s/media", town.folder);
    assert_int_equal(mkdir(town.media, 0700), 0);
    write_file(town.key_file, KEY "\n");
    write_file(town.words, "dirt=***\n");
    town_set("");
    lay_out();
}

void town_raze(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", town.folder);
    assert_int_equal(system(command), 0);
}

const char *town_database(void)
{
    return town.database;
}

void town_empty(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".ring"};
    char path[120];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s%s", town.database, ends[i]);
        unlink(path);
    }
}

static void copy(const char *from, const char *to)
{
    char command[256];
    snprintf(command, sizeof command, "cd '%s' && mkdir -p %s && cp %s/db* %s", town.folder, to, from, to);
    assert_int_equal(system(command), 0);
}

void town_copy(const char *name)
{
    copy(".", name);
}

void town_restore(const char *name)
{
    town_empty();
    copy(name, ".");
}

void town_open(void)
{
    town_found();
    assert_true(fake_start(town.options));
}

void town_stop(void)
{
    fake_stop();
    town.root = NULL;
}

void town_close(void)
{
    town_stop();
    town_raze();
}

void town_restart(void)
{
    town_stop();
    assert_true(fake_start(town.options));
}

static char *mint(const char *user)
{
    const struct keys keys = {.count = 1, .key = {KEY}};
    memory_pause();
    char *sig = usersig_mint(user, SDKAPPID, fake_now() / 1000, YEAR, NULL, 0, &keys);
    memory_resume();
    return sig;
}

static struct mosquitto *login(const char *client_id, const char *user, const char *sig, bool kept)
{
    const struct fake_login how = {
        .client_id = client_id, .user = user, .password = sig, .version = 4, .kept = kept};
    return fake_connect(&how);
}

struct mosquitto *town_root(void)
{
    if (fake_connected(town.root))
        return town.root;
    struct mosquitto *before = town.root;
    char *sig = mint("root");
    town.root = login("root:linux:1", "root", sig, false);
    free(sig);
    assert_non_null(town.root);
    fake_release(before, town.root);
    return town.root;
}

/* Texts */

const char *scene_text(const struct scene *scene, const char *text)
{
    static char texts[4][TEXT_BYTES];
    static int next;
    char *out = texts[next++ % 4], *end = out;
    for (; *text; text++) {
        assert_true(end - out < TEXT_BYTES - 10);
        if (*text == '@' && strncmp(text, "@all", 4) != 0)
            end = stpcpy(end, scene->mark);
        else
            *end++ = *text == '\'' ? '"' : *text;
    }
    *end = '\0';
    return out;
}

/* What happens */

static enum person person_of(const char *client_id)
{
    for (enum person person = ALICE; person < PEOPLE; person++)
        if (strncmp(client_id, names[person], strlen(names[person])) == 0)
            return person;
    fail_msg("%s is nobody's", client_id);
    return PEOPLE;
}

/* Made once: that takes longer than the login. */
static const char *sig_of(struct scene *scene, enum person person)
{
    char user[64];
    snprintf(user, sizeof user, "%s%s", names[person], scene->mark);
    if (!scene->sigs[person])
        scene->sigs[person] = mint(user);
    return scene->sigs[person];
}

static struct mosquitto *login_as(struct scene *scene, const char *client_id, bool kept)
{
    char user[64];
    enum person person = person_of(client_id);
    snprintf(user, sizeof user, "%s%s", names[person], scene->mark);
    return login(scene_text(scene, client_id), user, sig_of(scene, person), kept);
}

struct mosquitto *scene_login(struct scene *scene, const char *client_id)
{
    return login_as(scene, client_id, false);
}

struct mosquitto *scene_login_kept(struct scene *scene, const char *client_id)
{
    return login_as(scene, client_id, true);
}

void scene_forget(struct scene *scene)
{
    for (enum person person = ALICE; person < PEOPLE; person++) {
        free(scene->sigs[person]);
        scene->sigs[person] = NULL;
    }
}

void scene_renew_sigs(struct scene *scene)
{
    fake_pass(2000);
    scene_forget(scene);
}

enum fake_answer scene_subscribe(struct scene *scene, struct mosquitto *client, const char *filter)
{
    return fake_subscribe(client, scene_text(scene, filter), 1);
}

/* The text of {"text":"..."}, or the payload itself. */
static void note_sent(struct scene *scene, const char *payload)
{
    const char *text = strstr(payload, "'text':'");
    text = text ? text + strlen("'text':'") : payload;
    assert_true((size_t)scene->sent < sizeof scene->texts / sizeof *scene->texts);
    char *out = scene->texts[scene->sent++];
    snprintf(out, sizeof scene->texts[0], "%.*s", (int)strcspn(text, "'"), text);
}

enum fake_answer scene_publish(struct scene *scene, struct mosquitto *client, const char *topic,
                               const char *payload, int qos)
{
    enum fake_answer answer = fake_publish(client, scene_text(scene, topic), scene_text(scene, payload), qos);
    if (answer == FAKE_DONE)
        note_sent(scene, payload);
    return answer;
}

static int code_of(const char *response)
{
    cJSON *tree = cJSON_Parse(response);
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "responses"), 0);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(first, "code");
    int number = !first ? -1 : code ? code->valueint : CODE_OK;
    cJSON_Delete(tree);
    return number;
}

enum fake_answer scene_request(struct scene *scene, struct mosquitto *client, const char *command)
{
    char request[TEXT_BYTES];
    snprintf(request, sizeof request, "{\"commands\":[%s]}", scene_text(scene, command));
    return fake_command(client, request, NULL);
}

enum fake_answer scene_command(struct scene *scene, struct mosquitto *client, const char *command)
{
    enum fake_answer answer = scene_request(scene, client, command);
    memory_pause();
    fake_flush();
    scene->code = answer == FAKE_DONE ? code_of(fake_response(client)) : -1;
    if (answer == FAKE_DONE && scene->code < 0)
        fail_msg("no answer to %s: %s", command, fake_response(client));
    memory_resume();
    return answer == FAKE_DONE && scene->code != CODE_OK ? FAKE_REFUSED : answer;
}

static bool is_answered(struct mosquitto *client)
{
    memory_pause();
    fake_flush();
    memory_resume();
    return !fake_connected(client) || fake_response(client)[0] != '\0';
}

enum fake_answer scene_command_later(struct scene *scene, struct mosquitto *client, const char *command,
                                     int turns)
{
    enum fake_answer answer = scene_request(scene, client, command);
    for (int i = 0; i < turns && !is_answered(client); i++) {
        fake_turn();
        nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    }
    if (answer != FAKE_DONE || !fake_connected(client))
        return FAKE_CLOSED;
    const char *code = strstr(fake_response(client), "\"code\":");
    scene->code = 0;
    if (code)
        sscanf(code, "\"code\":%d", &scene->code);
    return code ? FAKE_REFUSED : FAKE_DONE;
}

enum fake_answer scene_renew(struct scene *scene, enum person person)
{
    char command[2000];
    snprintf(command, sizeof command, "{'command':'renewUserSig','userSig':'%s'}", sig_of(scene, person));
    return scene_command(scene, scene->clients[person], command);
}

/* The usual scene */

static void order(struct scene *scene, struct mosquitto *client, const char *command)
{
    if (scene_command(scene, client, command) != FAKE_DONE)
        fail_msg("%s: %s", command, fake_response(client));
}

void scene_build(struct scene *scene, int number)
{
    memset(scene, 0, sizeof *scene);
    scene->number = number;
    snprintf(scene->mark, sizeof scene->mark, "@%d", number);
    order(scene, town_root(), "{'command':'importUsers','userIDs':['alice@','bob@','carol@','dave@']}");
    struct mosquitto *alice = scene_login(scene, "alice@:linux:0"), *bob = scene_login(scene, "bob@:linux:0");
    order(scene, alice,
          "{'command':'createGroup','groupType':'Public','groupID':'club@','groupName':'club',"
          "'members':[{'userID':'bob@','role':'admin'},{'userID':'carol@'}]}");
    order(scene, alice,
          "{'command':'createGroup','groupType':'ChatRoom','groupID':'hall@','groupName':'hall',"
          "'members':[{'userID':'bob@','role':'admin'},{'userID':'carol@'}]}");
    order(scene, alice,
          "{'command':'createGroup','groupType':'AVChatRoom','groupID':'stage@','groupName':'stage'}");
    order(scene, bob,
          "{'command':'createGroup','groupType':'Private','groupID':'home@','groupName':'home',"
          "'members':[{'userID':'alice@'}]}");
    assert_int_equal(scene_publish(scene, alice, "chat/user/bob@", "good morning", 1), FAKE_DONE);
    assert_int_equal(scene_publish(scene, bob, "chat/user/alice@", "good evening", 1), FAKE_DONE);
    assert_int_equal(scene_publish(scene, bob, "chat/group/club@", "welcome", 1), FAKE_DONE);
    scene->sent = 0;
    fake_release(alice, NULL);
    fake_release(bob, NULL);
}

static void subscribe_all(struct scene *scene, enum person person, struct mosquitto *client)
{
    char filter[64];
    snprintf(filter, sizeof filter, "chat/user/%s@%s", names[person], person == CAROL ? "" : "/#");
    scene_subscribe(scene, client, filter);
    if (person == CAROL)
        scene_subscribe(scene, client, "chat/group/club@");
    if (person != DAVE)
        scene_subscribe(scene, client, "chat/group/stage@");
}

static void return_to(struct scene *scene, enum person person)
{
    char client_id[64];
    struct mosquitto *before = scene->clients[person];
    snprintf(client_id, sizeof client_id, "%s@:ios:1", names[person]);
    scene->again[person] = scene->again[person] || before;
    scene->clients[person] = scene_login(scene, client_id);
    if (scene->clients[person])
        subscribe_all(scene, person, scene->clients[person]);
    fake_release(before, scene->clients[person]);
}

void scene_gather(struct scene *scene)
{
    bool settled = true;
    for (enum person person = ALICE; person <= DAVE; person++) {
        if (fake_connected(scene->clients[person]))
            continue;
        return_to(scene, person);
        settled = false;
    }
    if (!settled)
        scene_settle();
}

void scene_await_commit(void)
{
    static const char request[] = "{\"commands\":[{\"command\":\"getStats\"}]}";
    for (int i = 0; i < 10000; i++) {
        fake_turn();
        assert_int_equal(fake_command(town_root(), request, NULL), FAKE_DONE);
        fake_flush();
        if (strstr(fake_response(town_root()), "\"ringBytes\":0,"))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    }
    fail_msg("the writer does not come to its end: %s", fake_response(town_root()));
}

/* A second and more passes: what the server gathers or puts off goes out. It says itself whether it has come to the
 * end of it: on a busy machine that takes more turns. */
void scene_settle(void)
{
    for (int i = 0; i < 3; i++) {
        fake_turn();
        fake_turn();
        fake_pass(600);
    }
    for (int turns = 0; fake_turn() && turns < 1000; turns++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        fake_pass(20);
    }
}

void scene_rest(void)
{
    fake_pass(10000);
    fake_turn();
}

static void say(struct scene *scene, enum person person, const char *topic, const char *text)
{
    if (fake_connected(scene->clients[person]))
        scene_publish(scene, scene->clients[person], topic, text, 1);
}

void scene_chat(struct scene *scene)
{
    say(scene, ALICE, "chat/user/bob@", "alice to bob");
    say(scene, BOB, "chat/user/alice@", "bob to alice");
    say(scene, CAROL, "chat/user/alice@", "carol to alice");
    say(scene, DAVE, "chat/user/carol@", "dave to carol");
    for (enum person person = ALICE; person <= DAVE; person++) {
        char text[32];
        snprintf(text, sizeof text, "%s to the club", names[person]);
        say(scene, person, "chat/group/club@", text);
    }
    say(scene, BOB, "chat/group/hall@", "bob to the hall");
    say(scene, ALICE, "chat/group/home@", "alice to those at home");
    say(scene, ALICE, "chat/group/stage@", "alice to the audience");
    scene_settle();
    scene_gather(scene); /* whose connection did not outlast that */
}

void scene_leave(struct scene *scene)
{
    for (enum person person = ALICE; person < PEOPLE; person++) {
        fake_release(scene->clients[person], NULL);
        scene->clients[person] = NULL;
    }
    fake_release(scene->second, NULL);
    fake_release(scene->listener, NULL);
    scene->second = scene->listener = NULL;
}

/* The picture */

struct picture_text {
    char *bytes;
    size_t len, size;
};

__attribute__((format(printf, 2, 3))) static void add(struct picture_text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *more;
    int len = vasprintf(&more, format, list);
    va_end(list);
    assert_true(len >= 0);
    if (text->len + (size_t)len >= text->size) {
        text->size = 2 * (text->len + (size_t)len) + 4096;
        text->bytes = realloc(text->bytes, text->size);
        assert_non_null(text->bytes);
    }
    memcpy(text->bytes + text->len, more, (size_t)len + 1);
    text->len += (size_t)len;
    free(more);
}

/* Ids and times: whether there is one is all that two scenes have in common. */
static bool differs(const char *name)
{
    static const char *const fields[] = {"id",          "time",          "readID",          "lastID",
                                         "joinTime",    "lastUsed",      "createTime",      "mutedUntil",
                                         "bannedUntil", "c2cMutedUntil", "groupMutedUntil", "edited",
                                         "peerReadID"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (name && strcmp(fields[i], name) == 0)
            return true;
    return false;
}

/* Tips, notices and the line about a recall, an edit or a purge may be missing (announce.h): memory ended
 * when all else was done. So may what is only listed for their sake. */
static bool may_be_missing(const cJSON *item)
{
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(item, "lastMessage");
    return cJSON_HasObjectItem(item, "tips") || cJSON_HasObjectItem(item, "notice") ||
           cJSON_HasObjectItem(item, "recall") || cJSON_HasObjectItem(item, "edit") ||
           cJSON_HasObjectItem(item, "purge") ||
           (cJSON_HasObjectItem(item, "seq") && !cJSON_HasObjectItem(item, "id")) ||
           (last && may_be_missing(last));
}

static bool is_named(const cJSON *item, const char *name)
{
    return item->string && strcmp(item->string, name) == 0;
}

/* An id that the server has made up: "g" and ten more. */
static void level_group_id(cJSON *item)
{
    if (is_named(item, "groupID") && item->valuestring[0] == 'g' && strlen(item->valuestring) == 11)
        item->valuestring[1] = '\0';
}

static int by_first_field(const void *a, const void *b)
{
    const cJSON *const *one = a, *const *two = b;
    return strcmp((*one)->child->valuestring, (*two)->child->valuestring);
}

/* Members come in the order in which they were met, devices in that of their logins. */
static void sort(cJSON *array)
{
    cJSON *items[10];
    int count = cJSON_GetArraySize(array);
    assert_true(count <= 10);
    for (int i = 0; i < count; i++)
        items[i] = cJSON_DetachItemFromArray(array, 0);
    qsort(items, (size_t)count, sizeof *items, by_first_field);
    for (int i = 0; i < count; i++)
        cJSON_AddItemToArray(array, items[i]);
}

static void level(cJSON *tree)
{
    cJSON *item, *next;
    for (item = tree->child; item; item = next) {
        next = item->next;
        if (may_be_missing(item) || is_named(item, "lastMessage") || is_named(item, "lastID")) {
            cJSON_Delete(cJSON_DetachItemViaPointer(tree, item));
            continue;
        }
        if (cJSON_IsNumber(item) && differs(item->string) && item->valuedouble != 0)
            cJSON_SetNumberValue(item, 1);
        level(item);
        if (is_named(item, "members") || is_named(item, "devices"))
            sort(item);
        level_group_id(item);
    }
}

static void add_answers(struct picture_text *out, struct scene *scene, struct mosquitto *client)
{
    cJSON *tree = cJSON_Parse(fake_response(client)), *item;
    assert_non_null(tree);
    level(tree);
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(tree, "responses")) {
        char *line = cJSON_PrintUnformatted(item), *mark;
        while ((mark = strstr(line, scene->mark)))
            memmove(mark, mark + strlen(scene->mark), strlen(mark + strlen(scene->mark)) + 1);
        add(out, "  %s\n", line);
        free(line);
    }
    cJSON_Delete(tree);
}

static void ask(struct picture_text *out, struct scene *scene, struct mosquitto *client, const char *commands)
{
    assert_int_equal(scene_request(scene, client, commands), FAKE_DONE);
    fake_flush();
    for (int turns = 0; turns < 1000 && !fake_response(client)[0]; turns++)
        fake_turn(); /* on a busy machine a batch takes several */
    add_answers(out, scene, client);
}

static void look_at_groups(struct picture_text *out, struct scene *scene)
{
    add(out, "groups\n");
    for (size_t i = 0; i < GROUPS; i++) {
        char commands[400];
        snprintf(commands, sizeof commands,
                 "{'command':'getGroupInfo','groupID':'%s@'},{'command':'getGroupMembers','groupID':'%s@'},"
                 "{'command':'getHistory','group':'%s@','limit':100}",
                 groups[i], groups[i], groups[i]);
        ask(out, scene, town_root(), commands);
    }
}

static void look_at_person(struct picture_text *out, struct scene *scene, enum person person)
{
    char command[200];
    struct mosquitto *client = scene->clients[person];
    add(out, "%s%s\n", names[person], fake_connected(client) ? "" : " is not connected");
    snprintf(command, sizeof command, "{'command':'getUser','userID':'%s@'}", names[person]);
    ask(out, scene, town_root(), command);
    if (!fake_connected(client))
        return;
    ask(out, scene, client,
        "{'command':'getConversations'},{'command':'getBlacklist'},{'command':'getGroupApplications'},"
        "{'command':'getHistory','to':'alice@','limit':100},{'command':'getHistory','to':'bob@','limit':"
        "100}");
}

/* How often the administrator was told of what somebody of this scene has sent. */
static int count_told(const struct scene *scene, const char *text)
{
    char sender[64];
    int count = 0;
    for (enum person person = ALICE; person <= DAVE; person++) {
        snprintf(sender, sizeof sender, "\"sender\":\"%s%s\"", names[person], scene->mark);
        count += fake_received(scene->listener, "chat/feed", text, sender);
    }
    return count;
}

/* How often each has received what was sent; who has connected again may have it twice. */
static void look_at_deliveries(struct picture_text *out, struct scene *scene)
{
    add(out, "deliveries\n");
    for (int i = 0; i < scene->sent; i++) {
        add(out, "  %s:", scene->texts[i]);
        for (enum person person = ALICE; person <= DAVE; person++) {
            const struct mosquitto *client = scene->clients[person];
            int count = client ? fake_received(client, "chat/", scene->texts[i], NULL) : -1;
            add(out, " %d", scene->again[person] && count > 1 ? 1 : count);
        }
        if (scene->listener)
            add(out, ", told: %d", count_told(scene, scene->texts[i]));
        add(out, "\n");
    }
}

static void look_at_jobs(struct picture_text *out, struct scene *scene)
{
    char words[64];
    if (!scene->pushed)
        return;
    add(out, "jobs\n");
    for (enum person person = ALICE; person <= DAVE; person++) {
        snprintf(words, sizeof words, "\"userID\":\"%s%s\"", names[person], scene->mark);
        int count = fake_received(town_root(), "chat/push", words, "\"body\":\"hello\"");
        add(out, "  %s: %s\n", names[person], count > 0 ? "yes" : "no");
    }
}

void scene_push(struct scene *scene)
{
    scene->pushed = true;
    fake_subscribe(town_root(), "chat/push", 1);
    fake_turn();
}

void scene_listen(struct scene *scene)
{
    char client_id[64];
    char *sig = mint("root");
    snprintf(client_id, sizeof client_id, "root:other:feed%d", scene->number);
    scene->listener = login(client_id, "root", sig, false);
    free(sig);
    assert_non_null(scene->listener);
    fake_subscribe(scene->listener, "chat/feed", 1);
    fake_turn();
}

char *scene_picture(struct scene *scene)
{
    struct picture_text out = {0};
    look_at_groups(&out, scene);
    for (enum person person = ALICE; person < PEOPLE; person++)
        look_at_person(&out, scene, person);
    look_at_deliveries(&out, scene);
    look_at_jobs(&out, scene);
    return out.bytes;
}
