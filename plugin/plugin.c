/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What Mosquitto loads: three entry points and one table of event callbacks. No rule lives here: callbacks
 * turn the broker's structs into calls of the nouns, and their answers into MOSQ_ERR_*. */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json_text.h"
#include "plugin/commands/batch.h"
#include "plugin/commands/export.h"
#include "plugin/commands/later.h"
#include "plugin/commands/request.h"
#include "plugin/commands/stats.h"
#include "plugin/commands/waiting.h"
#include "plugin/core/broker.h"
#include "plugin/core/broker_limits.h"
#include "plugin/core/chat.h"
#include "plugin/core/mosquitto.h"
#include "plugin/core/properties.h"
#include "plugin/core/scope.h"
#include "plugin/core/wake.h"
#include "plugin/delivery/audience.h"
#include "plugin/delivery/broadcast.h"
#include "plugin/delivery/deliver.h"
#include "plugin/delivery/dismissal.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/filter.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/listeners.h"
#include "plugin/delivery/live_broadcast.h"
#include "plugin/delivery/live_publish.h"
#include "plugin/delivery/message.h"
#include "plugin/delivery/recent.h"
#include "plugin/delivery/replay.h"
#include "plugin/delivery/reply.h"
#include "plugin/delivery/review.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/life/closing.h"
#include "plugin/life/deletion.h"
#include "plugin/life/leaving.h"
#include "plugin/life/login.h"
#include "plugin/life/presence.h"
#include "plugin/life/purge.h"
#include "plugin/life/reload.h"
#include "plugin/life/stuck.h"
#include "plugin/media/upload.h"
#include "plugin/people/application.h"
#include "plugin/people/conversation.h"
#include "plugin/people/eviction.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/push/push.h"
#include "plugin/session/cursor.h"
#include "plugin/session/departed.h"
#include "plugin/session/device.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "schema/log.h"
#include "schema/store.h"

#define TICK_IDLE_MS  100
#define TICK_GRACE_MS 2000
#define REPLY_MS      1000 /* so long a reply does not wait for the usual turn */
#define JUMP_MS       1000 /* a clock that is disciplined slowly gets nowhere near */

struct plugin {
    struct chat chat;
    struct properties properties;
    mosquitto_plugin_id_t *id;
    bool reloading; /* between RELOAD and the next TICK every BASIC_AUTH is a question about an old login */
    int64_t first_login; /* before the first TICK; 0: none */
    bool no_tick_logged;
    bool is_2_1; /* or later */
    struct wake wake;
    pthread_t broker_thread;
    atomic_bool refused_elsewhere; /* a request on another thread */
    bool elsewhere_logged;
    atomic_int other_users, other_topics; /* the options of these names, for other threads */
};

/* What waits in the database for a moment, and not for an answer, waits no longer and no shorter when the clock is
 * set. */
static void read_clocks(struct chat *chat)
{
    int64_t ahead = chat->now - chat->steady;
    chat->now = clock_wall();
    chat->steady = clock_steady_coarse();
    int64_t jump = chat->now - chat->steady - ahead;
    if (jump > -JUMP_MS && jump < JUMP_MS)
        return;
    broker_info("the clock was set %s by %lld seconds", jump > 0 ? "forward" : "back",
                (long long)(jump > 0 ? jump : -jump) / 1000);
    push_clock_moved(chat, jump);
}

/* WRITE begins with this: what it allows the broker goes on with as MESSAGE or CONTROL. */
static struct chat *enter_timeless(void *userdata)
{
    struct chat *chat = &((struct plugin *)userdata)->chat;
    store_reads_begin(chat->store);
    deliver_reset(chat);
    return chat;
}

/* Every other event but READ begins with this. */
static struct chat *enter(void *userdata)
{
    struct chat *chat = enter_timeless(userdata);
    read_clocks(chat);
    return chat;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What it has asked for and was not answered is not answered any more. NULL is fine. */
static void drop_requests(struct chat *chat, struct session *session)
{
    batches_drop(chat, session);
    laters_leave(session);
    replies_drop(chat, session);
}

/* Login */

/* per_listener_settings: Mosquitto before 2.0.15 gives no TICK then, and a plugin without TICK neither replays nor writes
 * cursors. */
static bool ticks(struct plugin *plugin)
{
    if (plugin->chat.tick > 0)
        return true;
    if (plugin->first_login == 0)
        plugin->first_login = plugin->chat.steady;
    if (plugin->chat.steady - plugin->first_login <= TICK_GRACE_MS)
        return true;
    if (!plugin->no_tick_logged)
        broker_error(
            "the broker gives no ticks, probably because of per_listener_settings true, which is not "
            "supported; logins are refused");
    plugin->no_tick_logged = true;
    return false;
}

/* In the turn of a RELOAD the broker asks again for everyone, those who are away included. Then, still before
 * the next TICK, it serves WebSockets: one that has neither session nor subscriptions is a new login. */
static bool is_recheck(struct plugin *plugin, const struct mosquitto *client)
{
    if (!plugin->reloading)
        return false;
    return session_find(&plugin->chat, client) || mosquitto_client_protocol(client) != mp_websockets ||
           mosquitto_client_sub_count(client) > 0;
}

/* 2.0 has one way to refuse. 2.1 tells MQTT 5 clients why, and others what it always has. */
static int login_answer(const struct plugin *plugin, enum login_result result)
{
    static const int reasons[] = {[LOGIN_OK] = MOSQ_ERR_SUCCESS,
                                  [LOGIN_DEFERRED] = MOSQ_ERR_PLUGIN_DEFER,
                                  [LOGIN_REFUSED] = MOSQ_ERR_AUTH,
                                  [LOGIN_BAD_SIG] = ERROR_BAD_PASSWORD,
                                  [LOGIN_BAD_CLIENT_ID] = ERROR_CLIENT_ID_NOT_VALID,
                                  [LOGIN_BANNED] = ERROR_BANNED,
                                  [LOGIN_BUSY] = ERROR_SERVER_BUSY};
    return plugin->is_2_1 || result <= LOGIN_DEFERRED ? reasons[result] : MOSQ_ERR_AUTH;
}

static int on_basic_auth(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_basic_auth *ed = event_data;
    struct plugin *plugin = userdata;
    struct chat *chat = enter(userdata);
    const char *client_id = mosquitto_client_id(ed->client);
    const struct login login = {.client = ed->client,
                                .client_id = client_id ? client_id : "",
                                .user = ed->username,
                                .password = ed->password,
                                .address = mosquitto_client_address(ed->client),
                                .clean = mosquitto_client_clean_session(ed->client),
                                .mqtt5 = mosquitto_client_protocol_version(ed->client) == 5,
                                .keepalive_seconds = mosquitto_client_keepalive(ed->client)};
    (void)event;
    turn_begin(&chat->turns);
    if (!ticks(plugin))
        return MOSQ_ERR_AUTH;
    if (is_recheck(plugin, ed->client))
        return login_answer(plugin, session_recheck(chat, &login));
    drop_requests(chat,
                  session_find(chat, ed->client)); /* an address used again: session_login ends the old one */
    return login_answer(plugin, session_login(chat, &login));
}

/* 2.1: after CONNACK, for everybody. */
static int on_connect(int event, void *event_data, void *userdata)
{
    const struct event_connect *ed = event_data;
    const char *client_id = mosquitto_client_id(ed->client);
    (void)event;
    session_connected(enter(userdata), ed->client, client_id ? client_id : "");
    return MOSQ_ERR_SUCCESS;
}

/* Mosquitto 2.0 always says -1. 2.1 says why: 0 for a proper DISCONNECT, a kick, or any of many errors, of
 * which a write to a dead connection is the most usual. */
static bool was_lost(int reason)
{
    return reason > MOSQ_ERR_SUCCESS && reason != MQTT_RC_ADMINISTRATIVE_ACTION;
}

static int on_disconnect(int event, void *event_data, void *userdata)
{
    const struct mosquitto_evt_disconnect *ed = event_data;
    struct chat *chat = enter(userdata);
    (void)event;
    drop_requests(chat, session_find(chat, ed->client));
    session_end(chat, ed->client, was_lost(ed->reason));
    return MOSQ_ERR_SUCCESS;
}

/* Access */

/* Topics that are none of our business. Any thread. */
static int other_topic(int other_topics, const char *topic, bool chat_user)
{
    if (other_topics == OTHER_TOPICS_ALLOW && !starts_with(topic, "$CONTROL/"))
        return MOSQ_ERR_SUCCESS; /* another plugin's commands are for it to allow */
    return other_topics == OTHER_TOPICS_DENY && chat_user ? MOSQ_ERR_ACL_DENIED : MOSQ_ERR_PLUGIN_DEFER;
}

/* Once per receiver and message: no parsing, no clock. */
static int check_read(struct chat *chat, const struct mosquitto_evt_acl_check *ed)
{
    if (starts_with(ed->topic, "chat/"))
        return deliver_may_read(chat, ed->client, ed->topic, ed->payload, ed->payloadlen)
                   ? MOSQ_ERR_SUCCESS
                   : MOSQ_ERR_ACL_DENIED;
    struct session *session = session_find(chat, ed->client);
    int result = MOSQ_ERR_ACL_DENIED;
    if (!starts_with(ed->topic, STATS_TOPIC))
        result = other_topic(chat->options.other_topics, ed->topic, session != NULL);
    else if (session && session->admin)
        result = MOSQ_ERR_SUCCESS;
    if (session && result != MOSQ_ERR_ACL_DENIED)
        session->provable = false; /* nobody counts it */
    return result;
}

/* A client whose id has been taken over writes nothing any more: that would be its will. */
static bool may_write(const struct session *session)
{
    return session && !session->taken_over;
}

/* What is published to chat/ is decided in MESSAGE, where there is an answer; here only by whom. */
static int check_write(struct chat *chat, const struct mosquitto_evt_acl_check *ed)
{
    struct session *session = session_find(chat, ed->client);
    if (!session || !session->taken_over)
        sessions_connected(chat);
    if (starts_with(ed->topic, "chat/"))
        return may_write(session) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
    struct topic topic = topic_parse(ed->topic);
    if (topic.kind == TOPIC_OTHER)
        return other_topic(chat->options.other_topics, ed->topic, session != NULL);
    if (!may_write(session))
        return MOSQ_ERR_ACL_DENIED;
    if (topic.kind == TOPIC_CONTROL)
        return MOSQ_ERR_SUCCESS;
    read_clocks(chat);
    event_rejected(chat, session, ed->topic, CODE_NOT_ALLOWED, "", 0);
    return MOSQ_ERR_ACL_DENIED;
}

/* 2.1 tells what the client calls the filter in its next event, SUBSCRIBE. */
static int subscribe(struct plugin *plugin, struct session *session, const struct topic *topic, int qos)
{
    if (subscription_add(&plugin->chat, session, topic, qos) != CODE_OK)
        return MOSQ_ERR_ACL_DENIED;
    if (!plugin->is_2_1)
        subscription_identify(&plugin->chat, session, topic, 0);
    return MOSQ_ERR_SUCCESS;
}

static int check_subscribe(struct plugin *plugin, const struct mosquitto_evt_acl_check *ed)
{
    struct chat *chat = &plugin->chat;
    struct session *session = session_find(chat, ed->client);
    struct topic topic = filter_parse(ed->topic);
    turn_begin(&chat->turns);
    sessions_connected(chat);
    if (topic.kind == TOPIC_OTHER)
        return other_topic(chat->options.other_topics, ed->topic, session != NULL);
    if (!session)
        return MOSQ_ERR_ACL_DENIED;
    if (broker_kicking())
        return MOSQ_ERR_SUCCESS;
    if (ed->access == MOSQ_ACL_SUBSCRIBE &&
        session->clean) /* about a kept session the broker may ask itself */
        proof_sent(session, strlen(ed->topic));
    if (ed->access == MOSQ_ACL_SUBSCRIBE)
        return subscribe(plugin, session, &topic, ed->qos);
    subscription_remove(chat, session, &topic);
    return MOSQ_ERR_SUCCESS;
}

/* 2.1, for a filter that ACL_CHECK has allowed. */
static int on_subscribe(int event, void *event_data, void *userdata)
{
    const struct event_subscribe *ed = event_data;
    struct chat *chat = enter(userdata);
    struct session *session = session_find(chat, ed->client);
    const struct topic topic = filter_parse(ed->data.topic_filter);
    (void)event;
    if (session)
        subscription_identify(chat, session, &topic, ed->data.identifier);
    return MOSQ_ERR_SUCCESS;
}

static int on_acl_check(int event, void *event_data, void *userdata)
{
    const struct mosquitto_evt_acl_check *ed = event_data;
    (void)event;
    if (ed->access == MOSQ_ACL_READ)
        return check_read(&((struct plugin *)userdata)->chat, ed);
    if (ed->access == MOSQ_ACL_WRITE)
        return check_write(enter_timeless(userdata), ed);
    (void)enter(userdata);
    return check_subscribe(userdata, ed);
}

/* Messages and commands */

/* Delivered to nobody: READ lets nothing pass that deliver() was not called for. */
static int take_chunk(struct chat *chat, struct session *session, struct mosquitto_evt_message *ed)
{
    if (!upload_chunk(chat, session, ed->topic, ed->payload, ed->payloadlen))
        return MOSQ_ERR_ACL_DENIED;
    void *nothing = broker_payload("", 0, NULL, 0);
    if (nothing) { /* of QoS 2 the broker would keep it until PUBREL */
        ed->payload = nothing;
        ed->payloadlen = 0;
    }
    return MOSQ_ERR_SUCCESS;
}

static int on_message(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_message *ed = event_data;
    struct chat *chat = enter(userdata);
    (void)event;
    if (!starts_with(ed->topic, "chat/"))
        return MOSQ_ERR_SUCCESS;
    struct session *session = session_find(chat, ed->client);
    if (!session)
        return MOSQ_ERR_ACL_DENIED; /* a bridge: it came around the login */
    turn_begin(&chat->turns);
    proof_sent(session, ed->payloadlen);
    if (ed->properties)
        deliver_dressed(chat);
    struct publish publish = {
        .topic = ed->topic, .payload = ed->payload, .len = ed->payloadlen, .qos = ed->qos};
    ed->retain = false;
    if (starts_with(ed->topic, UPLOAD_TOPIC))
        return take_chunk(chat, session, ed);
    switch (message_publish(chat, session, &publish)) {
    case PUBLISH_ACCEPT:
        break;
    case PUBLISH_REFUSE:
        return MOSQ_ERR_ACL_DENIED;
    case PUBLISH_CLOSE:
        return MOSQ_ERR_CONN_LOST; /* anything but ACL_DENIED closes the connection without an ack */
    }
    if (publish.new_payload) {
        ed->payload = publish.new_payload;
        ed->payloadlen = (uint32_t)publish.new_len;
    }
    return MOSQ_ERR_SUCCESS;
}

static int on_control(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_control *ed = event_data;
    struct plugin *plugin = userdata;
    struct chat *chat = enter(userdata);
    struct session *session = session_find(chat, ed->client);
    (void)event;
    if (!session)
        return MOSQ_ERR_SUCCESS; /* a bridge: no answer, but an error would close it, again and again */
    turn_begin(&chat->turns);
    proof_sent(session, ed->payloadlen);
    struct answer_properties answer = answer_properties_read(&plugin->properties, ed->properties);
    size_t mark = json_mark_len(ed->payload, ed->payloadlen);
    const struct control_request request = {.payload = (const char *)ed->payload + mark,
                                            .len = ed->payloadlen - mark,
                                            .qos = ed->qos,
                                            .response_topic = answer.topic,
                                            .correlation = answer.correlation,
                                            .correlation_len = answer.correlation_len};
    bool answered = batch_execute(chat, session, &request);
    answer_properties_clear(&plugin->properties, &answer);
    return answered ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}

static int open_reviews(struct chat *chat)
{
    static const struct review_kind *const kinds[] = {&message_review, &command_review, &edit_review, NULL};
    return reviews_open(chat, kinds);
}

/* Nouns with a state of their own, from the ground up: opened in this order, ticked and closed in the reverse
 * one. Closing takes what was never opened. A tick says whether there is more to do at once. */
static const struct noun {
    int (*open)(struct chat *chat);
    void (*close)(struct chat *chat);
    bool (*tick)(struct chat *chat);
} nouns[] = {
    {eviction_open, eviction_close, eviction_tick}, /* its tick is the last */
    {users_open, users_close, NULL},
    {conversations_open, conversations_close, NULL},
    {NULL, members_close, NULL},
    {applications_open, applications_close, NULL},
    {visible_open, visible_close, NULL},
    {sessions_open, sessions_close, NULL},
    {departed_open, departed_close, departed_tick},
    {devices_open, devices_close, NULL},
    {NULL, NULL, cursors_tick},
    {push_open, push_close, push_tick},
    {recents_open, recents_close, NULL},
    {delivery_open, delivery_close, NULL},
    {open_reviews, reviews_close, reviews_tick},
    {NULL, live_publishes_close, NULL},
    {NULL, happenings_close, happenings_tick},
    {NULL, filter_close, filter_tick},
    {NULL, NULL, replay_tick},
    {NULL, NULL, subscriptions_tick},
    {NULL, audience_close, audience_tick},
    {dismissals_open, dismissals_close, dismissals_tick},
    {broadcasts_open, broadcasts_close, broadcasts_tick},
    {NULL, live_broadcast_close, live_broadcast_tick},
    {presence_open, presence_close, presence_tick},
    {deletions_open, deletions_close, deletions_tick},
    {purges_open, purges_close, purges_tick},
    {closing_open, closing_close, closing_tick},
    {NULL, NULL, stuck_tick},
    {NULL, NULL, logins_tick},
    {NULL, NULL, leaving_tick},
    {NULL, uploads_close, uploads_tick},
    {batches_open, batches_close, batches_tick},
    {NULL, exports_close, exports_tick},
    {NULL, NULL, stats_tick},
    {NULL, NULL, replies_tick}, /* the first: before there are more */
};

/* On another thread */

/* An http_api listener of 2.1 asks about logins and access on a thread of its own, for a client that is gone
 * when the answer is given. Nothing that changes while the broker runs may be looked at there. So a userSig
 * cannot be believed (an administrator may have ended it a moment ago), and is refused. */
static int answer_elsewhere(struct plugin *plugin, int event, const void *event_data)
{
    const struct mosquitto_evt_basic_auth *login = event_data;
    const struct mosquitto_evt_acl_check *access = event_data;
    if (event == MOSQ_EVT_BASIC_AUTH &&
        login_is_others(atomic_load(&plugin->other_users), login->username, login->password))
        return MOSQ_ERR_PLUGIN_DEFER;
    if (event == MOSQ_EVT_ACL_CHECK && access->topic[0] == '/')
        return other_topic(atomic_load(&plugin->other_topics), access->topic, false);
    atomic_store_explicit(&plugin->refused_elsewhere, true, memory_order_relaxed);
    return event == MOSQ_EVT_BASIC_AUTH ? MOSQ_ERR_AUTH : MOSQ_ERR_ACL_DENIED;
}

static void share_options(struct plugin *plugin)
{
    atomic_store(&plugin->other_users, plugin->chat.options.other_users);
    atomic_store(&plugin->other_topics, plugin->chat.options.other_topics);
}

/* The broker's log is the broker thread's, too. */
static void log_refused_elsewhere(struct plugin *plugin)
{
    if (plugin->elsewhere_logged || !atomic_load_explicit(&plugin->refused_elsewhere, memory_order_relaxed))
        return;
    plugin->elsewhere_logged = true;
    broker_warn("an http_api listener asked about a chat user and was refused: userSigs do not open it "
                "(said once)");
}

/* The turning of the loop */

/* By the wall clock: more than anybody sets it back. */
#define LONG_AGO_S (LONG_MAX > INT32_MAX ? INT32_MAX : 2L)

/* 2.0 gives a TICK at each turn and ignores these fields (and calls the second one next_ns). 2.1 wakes
 * after their sum, but gives a TICK no earlier than it was asked for, by a clock that can be set; next_s lies so
 * far back that it is due at each turn there as well: that is when queued copies have been flushed and a reload
 * is over. */
static void ask_for_tick(struct mosquitto_evt_tick *ed, long wait_ms)
{
    ed->next_s = -LONG_AGO_S;
    ed->next_ms = LONG_AGO_S * 1000 + wait_ms;
}

/* Somebody waits for the next commit, and it is none that takes long. */
static bool is_awaited(const struct chat *chat)
{
    const int64_t since = replies_waiting_since(chat);
    return since > 0 && chat->steady - since < REPLY_MS;
}

static long plan_next_turn(struct plugin *plugin, bool more)
{
    const bool awaited = is_awaited(&plugin->chat);
    if (!plugin->is_2_1)
        wake_want(&plugin->wake, awaited);
    return more ? 1 : awaited ? WAKE_MS : TICK_IDLE_MS;
}

static int on_tick(int event, void *event_data, void *userdata)
{
    struct mosquitto_evt_tick *ed = event_data;
    struct plugin *plugin = userdata;
    struct chat *chat = enter(userdata);
    uint64_t queued = broker_queued();
    (void)event;
    turn_begin(&chat->turns);
    chat->tick++;
    chat->unflushed = !plugin->is_2_1;
    sessions_connected(chat);
    plugin->reloading = false;
    log_refused_elsewhere(plugin);
    store_poll(chat->store);
    bool more = false;
    for (size_t i = COUNT(nouns); i-- > 0;)
        more = (nouns[i].tick && nouns[i].tick(chat)) || more;
    chat->unflushed = false;
    store_end_reads(chat->store);
    ask_for_tick(ed, plan_next_turn(plugin, more || broker_queued() != queued));
    turn_end(&chat->turns);
    return MOSQ_ERR_SUCCESS;
}

/* As Mosquitto has named it to the loader; an address of ours leads there. */
static const char *own_file(void)
{
    static const char ours;
    Dl_info about;
    return dladdr(&ours, &about) && about.dli_fname ? about.dli_fname : "";
}

/* Must return success: anything else ends a 2.1.2 broker. */
static int on_reload(int event, void *event_data, void *userdata)
{
    struct plugin *plugin = userdata;
    struct chat *chat = enter(userdata);
    (void)event, (void)event_data;
    plugin->reloading = true;
    reload(chat, own_file());
    share_options(plugin);
    return MOSQ_ERR_SUCCESS;
}

/* Entry points */

static const struct {
    int event;
    MOSQ_FUNC_generic_callback function;
    const char *data;
    bool optional;
} callbacks[] = {
    {MOSQ_EVT_ACL_CHECK, on_acl_check, NULL, false}, /* the most frequent one */
    {MOSQ_EVT_BASIC_AUTH, on_basic_auth, NULL, false},
    {MOSQ_EVT_DISCONNECT, on_disconnect, NULL, false},
    {EVENT_CONNECT, on_connect, NULL, true},
    {EVENT_SUBSCRIBE, on_subscribe, NULL, true},
    {EVENT_CLIENT_OFFLINE, on_disconnect, NULL, true},
    {MOSQ_EVT_MESSAGE, on_message, NULL, false},
    {MOSQ_EVT_CONTROL, on_control, CONTROL_TOPIC, false},
    {MOSQ_EVT_TICK, on_tick, NULL, false},
    {MOSQ_EVT_RELOAD, on_reload, NULL, false},
};
#define CALLBACKS COUNT(callbacks)

/* What the broker calls, for every event. */
static int on_event(int event, void *event_data, void *userdata)
{
    struct plugin *plugin = userdata;
    if (!pthread_equal(pthread_self(), plugin->broker_thread))
        return answer_elsewhere(plugin, event, event_data);
    for (size_t i = 0; i < CALLBACKS; i++)
        if (callbacks[i].event == event)
            return callbacks[i].function(event, event_data, userdata);
    return MOSQ_ERR_SUCCESS;
}

static int register_callbacks(struct plugin *plugin)
{
    for (size_t i = 0; i < CALLBACKS; i++) {
        int result =
            mosquitto_callback_register(plugin->id, callbacks[i].event, on_event, callbacks[i].data, plugin);
        if (callbacks[i].event == EVENT_CLIENT_OFFLINE)
            plugin->chat.keeps_window = plugin->is_2_1 = result == MOSQ_ERR_SUCCESS;
        if (result == MOSQ_ERR_SUCCESS || callbacks[i].optional)
            continue;
        broker_error("the broker does not give us event %d (%d); is another plugin on " CONTROL_TOPIC "?",
                     callbacks[i].event, result);
        return -1;
    }
    return 0;
}

static void unregister_callbacks(struct plugin *plugin)
{
    for (size_t i = 0; i < CALLBACKS; i++)
        mosquitto_callback_unregister(plugin->id, callbacks[i].event, on_event, callbacks[i].data);
}

static void log_store(enum store_log priority, const char *line)
{
    if (priority == STORE_ERROR)
        broker_error("%s", line);
    else if (priority == STORE_WARNING)
        broker_warn("%s", line);
    else
        broker_info("%s", line);
}

static int open_store(struct chat *chat, char *error, size_t error_size)
{
    const struct store_config config = {.database = chat->options.database,
                                        .ring_file = chat->options.ring_file,
                                        .ring_bytes = (size_t)chat->options.ring_bytes,
                                        .media_dir = chat->options.media_dir,
                                        .backup_dir = chat->options.backup_dir,
                                        .sync = (enum store_sync)chat->options.sync,
                                        .retention_ms = chat->options.retention_days * DAY_MS,
                                        .clock_checked = chat->options.clock_checked,
                                        .log = log_store};
    return store_open(&chat->store, &config, error, error_size);
}

static int open_nouns(struct chat *chat)
{
    if (log_open(&chat->log, chat->store))
        return -1;
    for (size_t i = 0; i < COUNT(nouns); i++)
        if (nouns[i].open && nouns[i].open(chat))
            return -1;
    return 0;
}

static int load_keys(struct chat *chat, char *error, size_t error_size)
{
    char reason[512];
    chat->keys_read++;
    if (keys_load(&chat->keys, chat->options.secret_key_file, reason, sizeof reason) == 0)
        return 0;
    snprintf(error, error_size, "secret_key_file: %s", reason);
    return -1;
}

static int configure(struct chat *chat, const struct mosquitto_opt *opts, int count, char *error,
                     size_t error_size)
{
    struct option_pair *pairs = calloc((size_t)count + 1, sizeof *pairs);
    if (!pairs)
        return -1;
    for (int i = 0; i < count; i++)
        pairs[i] = (struct option_pair){opts[i].key, opts[i].value};
    int result = plugin_options_parse(&chat->options, pairs, (size_t)count, error, error_size);
    free(pairs);
    if (result == 0)
        result = load_keys(chat, error, error_size);
    return result ? result : filter_open(chat, error, error_size);
}

static void plugin_free(struct plugin *plugin)
{
    struct chat *chat = &plugin->chat;
    struct session *session = chat->sessions ? sessions_first(chat) : NULL;
    wake_close(&plugin->wake);
    for (; session; session = session->next)
        drop_requests(chat, session);
    listeners_close(chat);
    sessions_end(chat); /* their cursors are written while all nouns are there */
    for (size_t i = COUNT(nouns); i-- > 0;)
        if (nouns[i].close)
            nouns[i].close(chat);
    log_close(chat->log);
    store_close(chat->store);
    keys_clear(&chat->keys);
    plugin_options_clear(&chat->options);
    properties_close(&plugin->properties);
    free(plugin);
}

static int check_scope(const struct plugin *plugin)
{
    if (scope_is_all(plugin->id, plugin->is_2_1))
        return 0;
    broker_error(
        "the broker would ask this plugin about the clients of one listener only, and who connects to "
        "another would read all messages: per_listener_settings true and plugin_use are not supported%s",
        plugin->is_2_1 ? "; say global_plugin" : "");
    return -1;
}

static void learn_limits(struct chat *chat)
{
    char fault[BROKER_CONF_FAULT_MAX];
    if (broker_limits_learn(&chat->limits, fault) != 0)
        broker_warn("%s; so max_queued_messages and max_queued_bytes are taken to be Mosquitto's defaults, "
                    "%lld and %lld",
                    fault, (long long)chat->limits.max_queued_messages,
                    (long long)chat->limits.max_queued_bytes);
}

static int start(struct plugin *plugin, const struct mosquitto_opt *opts, int count)
{
    struct chat *chat = &plugin->chat;
    char error[700] = "out of memory";
    chat->now = clock_wall();
    chat->steady = clock_steady_coarse();
    learn_limits(chat);
    if (configure(chat, opts, count, error, sizeof error) || open_store(chat, error, sizeof error)) {
        broker_error("%s", error);
        return -1;
    }
    share_options(plugin);
    chat->began = store_last_mark(chat->store);
    if (open_nouns(chat)) {
        broker_error("cannot start: out of memory, or the database %s cannot be read; if it is damaged, put "
                     "the right files back, or a backup (chatctl restore)",
                     chat->options.database);
        return -1;
    }
    if (uploads_open(chat, error, sizeof error)) {
        broker_error("%s", error);
        return -1;
    }
    if (register_callbacks(plugin) || check_scope(plugin))
        return -1;
    properties_open(&plugin->properties, plugin->is_2_1);
    return 0;
}

static void say_started(const struct chat *chat)
{
    if (chat->options.retention_days > 0)
        broker_info("mosquitto-chat %s started; messages older than %lld days are removed (retention_days)",
                    CHAT_VERSION, (long long)chat->options.retention_days);
    else
        broker_info("mosquitto-chat %s started; messages are kept for ever (retention_days 0)", CHAT_VERSION);
}

__attribute__((visibility("default"))) int mosquitto_plugin_version(int supported_version_count,
                                                                    const int *supported_versions)
{
    for (int i = 0; i < supported_version_count; i++)
        if (supported_versions[i] == 5)
            return 5;
    return -1;
}

__attribute__((visibility("default"))) int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier,
                                                                 void **userdata, struct mosquitto_opt *opts,
                                                                 int opt_count)
{
    struct plugin *plugin = calloc(1, sizeof *plugin);
    if (!plugin)
        return MOSQ_ERR_NOMEM;
    plugin->id = identifier;
    plugin->broker_thread = pthread_self();
    if (start(plugin, opts, opt_count)) {
        unregister_callbacks(plugin);
        plugin_free(plugin);
        return MOSQ_ERR_INVAL;
    }
    if (mosquitto_plugin_set_info)
        mosquitto_plugin_set_info(identifier, "mosquitto-chat", CHAT_VERSION);
    say_started(&plugin->chat);
    *userdata = plugin;
    return MOSQ_ERR_SUCCESS;
}

/* The broker has freed its clients and sent no DISCONNECT for them: their pointers are only keys here. */
__attribute__((visibility("default"))) int mosquitto_plugin_cleanup(void *userdata,
                                                                    struct mosquitto_opt *opts, int opt_count)
{
    struct plugin *plugin = userdata;
    (void)opts, (void)opt_count;
    if (!plugin)
        return MOSQ_ERR_SUCCESS;
    plugin->chat.now = clock_wall();
    plugin->chat.steady = clock_steady_coarse();
    plugin->chat.unflushed = !plugin->is_2_1; /* what was queued in the broker's last turn never will be */
    unregister_callbacks(plugin);
    plugin_free(plugin);
    return MOSQ_ERR_SUCCESS;
}
