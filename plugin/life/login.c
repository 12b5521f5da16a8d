/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/usersig.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/held.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/life/closing.h"
#include "plugin/life/leaving.h"
#include "plugin/life/news.h"
#include "plugin/life/presence.h"
#include "plugin/people/user.h"
#include "plugin/session/departed.h"
#include "plugin/session/device.h"
#include "plugin/session/handover.h"
#include "plugin/session/rivals.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define TURN_US       2000 /* of settling in: others wait meanwhile */
#define REFUSALS_SAID 10   /* a second: who is refused may try as often as they like */
#define PLACE_BYTES   1024 /* what the frame of a login has for each device */

/* A name without colon belongs to the user first seen with it, until they log out, unless it is somebody's userID. */
static int check_named_id(struct chat *chat, const struct login *login, const struct device *device)
{
    if (user_find_any(chat, login->client_id))
        return CODE_BAD_CLIENT_ID;
    if (store_reads_failed(chat->store))
        return CODE_BUSY;
    bool taken = device->known && device->place != PLACE_LOGGED_OUT;
    return taken && strcmp(device->user, login->user) != 0 ? CODE_BAD_CLIENT_ID : CODE_OK;
}

/* Answers and copies go to whoever has the client id when the broker flushes: of another user they have to be
 * gone before this one comes. A connection that holds the id is closed for it. `user` may be NULL. */
static int check_queue(struct chat *chat, const char *client_id, const char *user)
{
    struct session *holder = session_by_client_id(chat, client_id);
    const struct departed *departed = departed_find(chat, client_id);
    if (holder && (!user || strcmp(holder->user->id, user) != 0)) {
        session_close_soon(chat, holder);
        return CODE_BUSY;
    }
    bool fresh = departed && departed->left == chat->tick;
    return fresh && (!user || strcmp(departed->user, user) != 0) ? CODE_BUSY : CODE_OK;
}

struct checked {
    struct usersig sig;
    bool sig_known; /* the user has logged in with it before */
    enum platform platform;
    struct device device;
    struct user *user; /* NULL: to be created */
    bool to_be_told;   /* that it lost its place while it was away */
    struct device_list in_way;
};

/* Those that have to go are there for half a second still. */
static bool is_crowded(const struct user *user)
{
    const struct session *session;
    int count;
    DL_COUNT2(user->sessions, session, count, user_next);
    return count >= 2 * CONNECTIONS_MAX && !user->sessions->admin;
}

static int check_sig(struct chat *chat, const struct login *login, struct checked *out)
{
    const struct user *user = user_in_memory(chat, login->user);
    const int64_t now_seconds = chat->now / 1000;
    out->sig_known = known_sig_holds(user ? &user->known_sig : NULL, login->password, chat->keys_read,
                                     now_seconds, &out->sig);
    return out->sig_known ? CODE_OK
                          : usersig_verify(login->password, login->user, chat->options.sdkappid, &chat->keys,
                                           now_seconds, &out->sig);
}

/* Of a user that there never was the store knows no device, unless it has a name that anybody may have. */
static bool load_device(struct chat *chat, const struct login *login, enum client_id_kind kind,
                        struct checked *out)
{
    if (kind == CLIENT_ID_OWN && !out->user)
        return !store_reads_failed(chat->store);
    return device_load(chat, login->client_id, &out->device);
}

static int check_login(struct chat *chat, const struct login *login, struct checked *out)
{
    if (!login->user || !user_id_valid(login->user, strlen(login->user)))
        return CODE_BAD_USER_ID;
    enum client_id_kind kind = client_id_parse(login->client_id, login->user, &out->platform);
    if (kind == CLIENT_ID_FOREIGN)
        return CODE_BAD_CLIENT_ID;
    int code = check_sig(chat, login, out);
    if (code != CODE_OK)
        return code;
    user_note_sig(chat, out->sig.created);
    out->user = user_find_any(chat, login->user);
    if (out->user && user_check_ban(chat, out->user) != CODE_OK)
        return CODE_BANNED;
    if (out->user && out->user->kicked != 0 && out->sig.created <= out->user->kicked)
        return CODE_SIG_REVOKED;
    if (out->user && (out->user->leaving || is_crowded(out->user)))
        return CODE_BUSY;
    if (out->user && rivals_wait(out->user->rivals, login->client_id, clock_steady()) > 0)
        return CODE_DISPLACED;
    if (!load_device(chat, login, kind, out))
        return CODE_BUSY;
    code = kind == CLIENT_ID_NAMED ? check_named_id(chat, login, &out->device) : CODE_OK;
    return code == CODE_OK ? check_queue(chat, login->client_id, login->user) : code;
}

/* Is it one that hears today that it has lost its place? If not, who has to go for it? */
static int check_place(struct chat *chat, const struct login *login, struct checked *out)
{
    out->to_be_told =
        out->device.displacement.reason != OFFLINE_NONE && strcmp(out->device.user, login->user) == 0;
    if (out->to_be_told)
        return CODE_OK;
    bool good = devices_in_way(chat, out->user, login->client_id, out->platform, &out->in_way) &&
                (plugin_options_is_admin(&chat->options, login->user) ||
                 devices_too_many(out->user, login->client_id, &out->in_way));
    return good ? CODE_OK : CODE_BUSY;
}

static enum login_result result_of(int code)
{
    switch (code) {
    case CODE_SIG_EMPTY:
    case CODE_SIG_MALFORMED:
    case CODE_SIG_WRONG_KEY:
    case CODE_SIG_OTHER_USER:
    case CODE_SIG_OTHER_APP:
    case CODE_BAD_USER_ID:
        return LOGIN_BAD_SIG;
    case CODE_BAD_CLIENT_ID:
        return LOGIN_BAD_CLIENT_ID;
    case CODE_BANNED:
        return LOGIN_BANNED;
    case CODE_BUSY:
    case CODE_DISPLACED:
        return LOGIN_BUSY;
    default:
        return LOGIN_REFUSED;
    }
}

/* A second of which something was left out is over. */
static void count_unsaid(struct chat *chat)
{
    if (chat->refusals.second == chat->steady / 1000)
        return;
    if (chat->refusals.count > REFUSALS_SAID)
        broker_warn("%u more logins were refused in a second", chat->refusals.count - REFUSALS_SAID);
    chat->refusals.second = chat->steady / 1000;
    chat->refusals.count = 0;
}

static enum login_result refuse_because(struct chat *chat, const struct login *login, int code,
                                        const char *why)
{
    count_unsaid(chat);
    if (++chat->refusals.count <= REFUSALS_SAID)
        broker_warn("login refused: user \"%.64s\", client \"%.160s\", address %s: %d %s",
                    login->user ? login->user : "", login->client_id, login->address ? login->address : "?",
                    code, why);
    return result_of(code);
}

static enum login_result refuse(struct chat *chat, const struct login *login, int code)
{
    return refuse_because(chat, login, code, code_text(code));
}

static enum login_result refuse_checked(struct chat *chat, const struct login *login, int code,
                                        const struct usersig *sig)
{
    if (code != CODE_SIG_MALFORMED || sig->created == 0)
        return refuse(chat, login, code);
    return refuse_because(
        chat, login, code,
        "the userSig is from the future: the clock of who made it, or of this machine, is wrong");
}

/* false: out of memory. */
static bool note_farewell(struct session *session, const struct displacement *why)
{
    session->login.farewell = malloc(sizeof *session->login.farewell);
    if (!session->login.farewell)
        return false;
    *session->login.farewell = *why;
    session->device.untold = true;
    return true;
}

static enum id_past past_of(const struct device *device, const char *user)
{
    if (!device->known)
        return ID_NEW;
    return strcmp(device->user, user) == 0 ? ID_OWN : ID_INHERITED;
}

static struct session *session_create(struct chat *chat, const struct login *login,
                                      const struct checked *checked)
{
    struct session *session = calloc(1, sizeof *session);
    if (!session || !(session->client_id = strdup(login->client_id))) {
        free(session);
        return NULL;
    }
    if (checked->to_be_told && !note_farewell(session, &checked->device.displacement)) {
        session_free(session);
        return NULL;
    }
    session->client = login->client;
    session->platform = checked->platform;
    session->clean = login->clean;
    session->assigned_id = client_id_assigned(login->client_id) && !strchr(login->client_id, ':');
    session->admin = plugin_options_is_admin(&chat->options, login->user);
    session->keepalive_seconds = login->keepalive_seconds;
    handover_begin(chat, session,
                   &(struct handover_login){.mqtt5 = login->mqtt5,
                                            .user_len = strlen(login->user),
                                            .sig_len = strlen(login->password)});
    session->replay.untold = store_last_id(chat->store);
    session->login.past = past_of(&checked->device, login->user);
    bool own = session->login.past == ID_OWN;
    session->device.acks = own && checked->device.acks;
    session->device.has_token = own && checked->device.has_token;
    return session;
}

static struct displacement displaced_by(const struct session *session)
{
    struct displacement why = {.reason = OFFLINE_OTHER_DEVICE, .platform = session->platform};
    text_copy(why.client_id, sizeof why.client_id, session->client_id);
    return why;
}

static void put_displaced(struct chat *chat, struct session *session, const struct device_list *in_way)
{
    const struct displacement why = displaced_by(session);
    for (size_t i = 0; i < in_way->count; i++)
        device_lose_place(chat, session->user, &in_way->items[i], &why);
}

static void tell_displaced(struct chat *chat, const struct session *newcomer,
                           const struct device_list *in_way)
{
    const struct displacement why = displaced_by(newcomer);
    for (size_t i = 0; i < in_way->count; i++) {
        struct session *session = session_by_client_id(chat, in_way->items[i].client_id);
        if (session)
            session_force_offline(chat, session, &why);
    }
}

/* From now on it is there for everybody. */
static bool enter(struct chat *chat, struct session *session, int64_t expires_seconds)
{
    if (!expiry_watch(chat, session, expires_seconds))
        return false;
    if (!session_enlist(chat, session)) {
        expiry_unwatch(chat, session);
        return false;
    }
    presence_changed(chat, session->user);
    chat->count.logins++;
    return true;
}

/* A new one is remembered: where that makes too many, those are forgotten that have been away the longest. */
static void put_forgotten(struct chat *chat, const struct user *user)
{
    store_put(chat->store, W_USER_FORGET_SUBSCRIPTIONS, "t", user->id);
    store_put(chat->store, W_USER_FORGET_JOBS, "t", user->id);
    store_put(chat->store, W_USER_FORGET_DEVICES, "t", user->id);
}

static void put_login(struct chat *chat, struct session *session, const struct checked *checked)
{
    struct user *user = session->user;
    if (user->deleted)
        user_revive(chat, user);
    if (session->login.past == ID_INHERITED)
        store_put(chat->store, W_DEVICE_SUBSCRIPTIONS_FORGET, "t", session->client_id);
    if (session->login.farewell)
        store_put(chat->store, W_DEVICE_LOGIN, "ttii", session->client_id, user->id,
                  (int64_t)session->platform, chat->now);
    else
        device_take_place(chat, session);
    if (session->login.past != ID_OWN && checked->user) /* who was created just now has no other */
        put_forgotten(chat, user);
    put_displaced(chat, session, &checked->in_way);
}

/* User, device and places in one frame; nobody loses a place before it is sure that the newcomer is in. */
static bool admit(struct chat *chat, struct session *session, const struct checked *checked,
                  const char *user_id)
{
    if (!store_begin_session(chat->store, PLACE_BYTES * (checked->in_way.count + 1), session->admin))
        return false;
    session->user = checked->user ? checked->user : user_create(chat, user_id);
    bool entered = session->user && enter(chat, session, checked->sig.expires);
    if (entered)
        put_login(chat, session, checked);
    store_commit(chat->store);
    return entered;
}

/* A chat user's client ids, the userID, `userID:...` and one that is connected, are closed to everybody else. */
static int check_others_id(struct chat *chat, const char *client_id)
{
    char user[USER_ID_MAX + 1];
    size_t len = strcspn(client_id, ":");
    if (session_by_client_id(chat, client_id))
        return CODE_BAD_CLIENT_ID;
    if (len > USER_ID_MAX)
        return check_queue(chat, client_id, NULL);
    snprintf(user, sizeof user, "%.*s", (int)len, client_id);
    if (user_find_any(chat, user))
        return CODE_BAD_CLIENT_ID;
    return store_reads_failed(chat->store) ? CODE_BUSY : check_queue(chat, client_id, NULL);
}

static enum login_result defer(struct chat *chat, const struct login *login)
{
    int code = check_others_id(chat, login->client_id);
    return code == CODE_OK ? LOGIN_DEFERRED : refuse(chat, login, code);
}

bool login_is_others(int other_users, const char *user, const char *password)
{
    if (other_users != OTHER_USERS_DEFER)
        return false;
    return !user || (password && !usersig_shaped(password));
}

/* The last connection with this id ended in this very turn of the loop: what is queued for it comes to this
 * one. */
static void take_strays(struct chat *chat, struct session *session)
{
    const struct departed *departed = departed_find(chat, session->client_id);
    if (departed)
        session->provable = false; /* events and answers, too, which nobody has counted */
    if (departed && departed->strays.tick == chat->tick)
        ids_add_all(&session->delivery.in_flight, &departed->strays.ids);
}

static enum login_result let_in(struct chat *chat, const struct login *login, struct checked *checked)
{
    session_end(chat, login->client, false); /* an address used again without a DISCONNECT in between */
    struct session *session = session_create(chat, login, checked);
    if (!session)
        return refuse(chat, login, CODE_BUSY);
    if (!admit(chat, session, checked, login->user)) {
        session_free(session);
        return refuse(chat, login, CODE_BUSY);
    }
    if (!checked->sig_known)
        known_sig_keep(&session->user->known_sig, login->password, chat->keys_read, &checked->sig);
    tell_displaced(chat, session, &checked->in_way);
    take_strays(chat, session);
    session_connects(chat, session->login.past == ID_OWN ? session : NULL);
    return LOGIN_OK;
}

enum login_result session_login(struct chat *chat, const struct login *login)
{
    struct checked checked = {0};
    sessions_connected(chat);
    if (login_is_others(chat->options.other_users, login->user, login->password))
        return defer(chat, login);
    int code = check_login(chat, login, &checked);
    if (code == CODE_OK)
        code = check_place(chat, login, &checked);
    enum login_result result =
        code == CODE_OK ? let_in(chat, login, &checked) : refuse_checked(chat, login, code, &checked.sig);
    free(checked.in_way.items);
    return result;
}

void session_connected(struct chat *chat, const struct mosquitto *client, const char *client_id)
{
    sessions_connected(chat);
    if (session_find(chat, client) || check_others_id(chat, client_id) == CODE_OK)
        return;
    broker_warn("closed: client \"%.160s\" came without a login, with a client id that is a chat user's",
                client_id);
    broker_kick(client_id);
}

enum login_result session_recheck(struct chat *chat, const struct login *login)
{
    const struct session *session = session_find(chat, login->client);
    if (session)
        return LOGIN_OK;
    if (login_is_others(chat->options.other_users, login->user, login->password))
        return LOGIN_DEFERRED;
    return login->user ? LOGIN_OK
                       : LOGIN_REFUSED; /* a kept session that is away: checked at its next login */
}

/* TICK */

/* Nothing would come any more, or slowly. At the next connection all is well: what was withheld has gone. */
static void close_once(struct chat *chat, struct session *session)
{
    broker_info("closed once: what was on its way to client \"%.160s\" may not be seen any more",
                session->client_id);
    session_close_soon(chat, session);
}

/* The first TICK after AUTH: by now the broker has given a kept session its old subscriptions, or it has
 * none. false: ours could not all be restored, and it has to wait for another TICK. */
static bool settle(struct chat *chat, struct session *session)
{
    bool all = broker_subscription_count(session->client) > session->subscribes && !session->clean;
    store_reads_begin(chat->store);
    session_change_state(chat, session, session_closing(session) ? SESSION_CLOSING : SESSION_LIVE);
    news_login(chat, session);
    if (session->login.farewell)
        session_force_offline(chat, session, session->login.farewell);
    else if (session->login.past != ID_NEW && !subscriptions_restore(chat, session, all) &&
             session->state == SESSION_LIVE) {
        session_change_state(chat, session, SESSION_FRESH);
        return false;
    }
    if (held_narrows(session))
        close_once(chat, session);
    return true;
}

bool logins_tick(struct chat *chat)
{
    const int64_t until = sessions_fresh(chat) ? clock_steady_us() + TURN_US : 0;
    bool good = true;
    count_unsaid(chat);
    for (int i = 0; good && sessions_fresh(chat) && (i == 0 || clock_steady_us() < until); i++)
        good = settle(chat, sessions_fresh(chat));
    return good && sessions_fresh(chat);
}
