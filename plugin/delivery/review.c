/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/review.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "acl/topic.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "plugin/session/backlog.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define DESERTED_MS 10000 /* without a reviewer */
#define RETRY_MS    100
#define TURN_GIVEN  100
#define TURN_ENDS   200
#define TURN_US     3000
#define RECORD_MORE 1024 /* bytes of a record, besides its text */

#define LANE_MAX (USER_ID_MAX + GROUP_ID_MAX + 3)
#define KEY_MAX  (20 + 1 + USER_ID_MAX + 1 + TOPIC_MAX)

struct reviewer {
    struct session *session;
    struct review *open; /* DL over queue_prev/queue_next */
    int count;
    uint32_t identifier;          /* of its subscription */
    struct reviewer *prev, *next; /* the first is the next to be given something */
};

/* A conversation in which something waits. */
struct review_lane {
    struct review *reviews; /* DL over lane_prev/lane_next, the oldest first */
    bool ready;             /* in reviews->ready: the first may pass */
    struct review_lane *prev, *next;
    UT_hash_handle hh;
    char name[LANE_MAX];
};

/* Somebody of whom something waits. */
struct review_sender {
    int count;
    size_t bytes;
    UT_hash_handle hh;
    char id[USER_ID_MAX + 1];
};

struct reviews {
    const struct review_kind *const *kinds;
    struct review *all;
    struct review *idle;   /* DL over queue_prev/queue_next: for the next reviewer */
    struct review *doomed; /* the same: to be refused */
    struct review *by_random;
    struct review_lane *lanes;     /* by name */
    struct review_lane *ready;     /* DL */
    struct review_sender *senders; /* by id */
    struct reviewer *reviewers;
    size_t bytes;
    int64_t deserted; /* chat->steady when the last reviewer went */
    int64_t retry_at; /* the same: nothing is ended before */
};

/* Names */

/* Both directions of a pair are one lane. No userID begins with a slash. */
static void name_lane(char name[LANE_MAX], const char *sender, const struct topic *topic)
{
    char to[GROUP_ID_MAX + 1];
    topic_copy_name(to, topic);
    if (topic->kind == TOPIC_GROUP)
        snprintf(name, LANE_MAX, "/%s", to);
    else if (strcmp(sender, to) < 0)
        snprintf(name, LANE_MAX, "%s %s", sender, to);
    else
        snprintf(name, LANE_MAX, "%s %s", to, sender);
}

static void print_key(char key[KEY_MAX], const char *sender, const char *topic, int64_t random)
{
    snprintf(key, KEY_MAX, "%lld %s %s", (long long)random, sender, topic);
}

static struct review_lane *find_lane(const struct reviews *reviews, const char *name)
{
    struct review_lane *lane;
    HASH_FIND_STR(reviews->lanes, name, lane);
    return lane;
}

static struct review_sender *find_sender(const struct reviews *reviews, const char *id)
{
    struct review_sender *sender;
    HASH_FIND_STR(reviews->senders, id, sender);
    return sender;
}

bool review_is_waiting(const struct chat *chat, const char *sender, const char *topic, int64_t random)
{
    char key[KEY_MAX];
    struct review *review;
    print_key(key, sender, topic, random);
    HASH_FIND_STR(chat->reviews->by_random, key, review);
    return review != NULL;
}

/* Codes: those that a reviewer may choose are Tencent's for callbacks. */

int review_default_code(const char *topic)
{
    return topic_parse(topic).kind == TOPIC_INBOX ? CODE_REFUSED : CODE_GROUP_REFUSED;
}

int review_code(const struct review *review, int64_t chosen)
{
    const int code = review_default_code(review->topic);
    const bool valid = code == CODE_REFUSED
                           ? chosen >= REVIEW_CODE_MIN && chosen <= REVIEW_CODE_MAX
                           : chosen >= GROUP_REVIEW_CODE_MIN && chosen <= GROUP_REVIEW_CODE_MAX;
    return valid ? (int)chosen : code;
}

/* The table */

static char *keep(char **at, const char *text)
{
    char *copy = *at;
    *at = stpcpy(copy, text) + 1;
    return copy;
}

static void find_address(struct review *review)
{
    const struct topic topic = topic_parse(review->topic);
    if (topic.kind != TOPIC_INBOX && topic.kind != TOPIC_GROUP)
        return;
    review->to = topic.name; /* which ends where the topic does */
    review->group = topic.kind == TOPIC_GROUP;
}

/* NULL: out of memory. */
static struct review *make(const struct review *plan, int64_t steady)
{
    char key[KEY_MAX] = "";
    if (plan->random != 0)
        print_key(key, plan->sender, plan->topic, plan->random);
    const size_t bytes = strlen(plan->sender) + strlen(plan->client) + strlen(plan->platform) +
                         strlen(plan->address) + strlen(plan->topic) + strlen(plan->text) + strlen(key) + 7;
    struct review *review = malloc(sizeof *review + bytes);
    if (!review)
        return NULL;
    char *at = review->texts;
    *review = (struct review){.number = plan->number,
                              .kind = plan->kind,
                              .time = plan->time,
                              .random = plan->random,
                              .about = plan->about,
                              .qos = plan->qos,
                              .own = plan->own,
                              .since = steady,
                              .passed = plan->passed,
                              .bytes = sizeof *review + bytes};
    review->sender = keep(&at, plan->sender);
    review->client = keep(&at, plan->client);
    review->platform = keep(&at, plan->platform);
    review->address = keep(&at, plan->address);
    review->topic = keep(&at, plan->topic);
    review->text = keep(&at, plan->text);
    review->key = keep(&at, key);
    find_address(review);
    return review;
}

static bool enter_lane(struct reviews *reviews, struct review *review)
{
    char name[LANE_MAX];
    if (!review->to || !review->kind->ordered)
        return true;
    const struct topic topic = topic_parse(review->topic);
    name_lane(name, review->sender, &topic);
    struct review_lane *lane = find_lane(reviews, name);
    if (!lane) {
        if (!(lane = calloc(1, sizeof *lane)))
            return false;
        text_copy(lane->name, sizeof lane->name, name);
        HASH_ADD_STR(reviews->lanes, name, lane);
        if (!lane->hh.tbl) {
            free(lane);
            return false;
        }
    }
    review->lane = lane;
    DL_APPEND2(lane->reviews, review, lane_prev, lane_next);
    return true;
}

/* The first of a lane may pass? */
static void look_at_lane(struct reviews *reviews, struct review_lane *lane)
{
    const bool ready = lane->reviews && lane->reviews->passed;
    if (ready == lane->ready)
        return;
    lane->ready = ready;
    if (ready)
        DL_APPEND(reviews->ready, lane);
    else
        DL_DELETE(reviews->ready, lane);
}

static void leave_lane(struct reviews *reviews, struct review *review)
{
    struct review_lane *lane = review->lane;
    if (!lane)
        return;
    DL_DELETE2(lane->reviews, review, lane_prev, lane_next);
    look_at_lane(reviews, lane);
    if (lane->reviews)
        return;
    HASH_DEL(reviews->lanes, lane);
    free(lane);
}

static bool count_sender(struct reviews *reviews, const struct review *review)
{
    const char *id = review->sender;
    struct review_sender *sender = find_sender(reviews, id);
    if (!sender) {
        if (!(sender = calloc(1, sizeof *sender)))
            return false;
        text_copy(sender->id, sizeof sender->id, id);
        HASH_ADD_STR(reviews->senders, id, sender);
        if (!sender->hh.tbl) {
            free(sender);
            return false;
        }
    }
    sender->count++;
    sender->bytes += review->bytes;
    return true;
}

static void uncount_sender(struct reviews *reviews, const struct review *review)
{
    struct review_sender *sender = find_sender(reviews, review->sender);
    sender->bytes -= review->bytes;
    if (--sender->count > 0)
        return;
    HASH_DEL(reviews->senders, sender);
    free(sender);
}

static bool enter_key(struct reviews *reviews, struct review *review)
{
    if (review->random == 0)
        return true;
    HASH_ADD_KEYPTR(hh, reviews->by_random, review->key, strlen(review->key), review);
    return review->hh.tbl != NULL;
}

/* false: out of memory, and it is not in the table. */
static bool enter(struct chat *chat, struct review *review)
{
    struct reviews *reviews = chat->reviews;
    if (!enter_key(reviews, review))
        return false;
    if (!count_sender(reviews, review))
        goto no_sender;
    if (!enter_lane(reviews, review))
        goto no_lane;
    DL_APPEND(reviews->all, review);
    reviews->bytes += review->bytes;
    chat->reviewing++;
    if (review->lane)
        look_at_lane(reviews, review->lane);
    if (!review->passed)
        DL_APPEND2(reviews->idle, review, queue_prev, queue_next);
    return true;
no_lane:
    uncount_sender(reviews, review);
no_sender:
    if (review->random != 0)
        HASH_DEL(reviews->by_random, review);
    return false;
}

/* Out of whatever queue it is in. */
static void leave_queue(struct reviews *reviews, struct review *review)
{
    if (review->reviewer) {
        DL_DELETE2(review->reviewer->open, review, queue_prev, queue_next);
        review->reviewer->count--;
        review->reviewer = NULL;
    } else if (review->doom) {
        DL_DELETE2(reviews->doomed, review, queue_prev, queue_next);
    } else if (!review->passed) {
        DL_DELETE2(reviews->idle, review, queue_prev, queue_next);
    }
}

static void release(struct review *review)
{
    if (review->own && review->kind->free)
        review->kind->free(review->own);
    free(review->replaced);
    free(review);
}

static void leave(struct chat *chat, struct review *review)
{
    struct reviews *reviews = chat->reviews;
    leave_queue(reviews, review);
    leave_lane(reviews, review);
    if (review->random != 0)
        HASH_DEL(reviews->by_random, review);
    uncount_sender(reviews, review);
    DL_DELETE(reviews->all, review);
    reviews->bytes -= review->bytes;
    chat->reviewing--;
}

/* Giving it to a reviewer */

/* NULL: they have all that they may have, or nobody is there. */
static struct reviewer *find_reviewer(struct chat *chat)
{
    struct reviewer *reviewer;
    DL_FOREACH (chat->reviews->reviewers, reviewer)
        if (reviewer->count < REVIEWER_MAX && !backlog_over(chat, reviewer->session))
            return reviewer;
    return NULL;
}

static bool add_address(struct chat *chat, const struct review *review, cJSON *head)
{
    const struct conversation *group;
    if (!review->to)
        return true;
    if (!review->group)
        return cJSON_AddStringToObject(head, "to", review->to) != NULL;
    if (!cJSON_AddStringToObject(head, "group", review->to))
        return false;
    group = conversation_group(chat, review->to);
    return !group || cJSON_AddStringToObject(head, "groupType", conversation_traits(group)->name);
}

/* What stands before its text, printed; for cJSON_free. NULL: out of memory. */
static char *print_head(struct chat *chat, const struct review *review)
{
    char *text = NULL;
    cJSON *head = cJSON_CreateObject();
    if (json_add_whole(head, "review", review->number) &&
        cJSON_AddStringToObject(head, "userID", review->sender) &&
        cJSON_AddStringToObject(head, "clientID", review->client) &&
        cJSON_AddStringToObject(head, "platform", review->platform) &&
        cJSON_AddStringToObject(head, "address", review->address) && add_address(chat, review, head) &&
        json_add_whole(head, "time", review->time) &&
        (review->about == 0 || json_add_whole(head, "edit", review->about)))
        text = cJSON_PrintUnformatted(head);
    cJSON_Delete(head);
    return text;
}

/* malloc'ed; NULL: out of memory. */
static char *print_review(struct chat *chat, const struct review *review, size_t *len)
{
    char *head = print_head(chat, review), *text = NULL;
    int printed = head ? asprintf(&text, "%.*s,\"%s\":%s}", (int)strlen(head) - 1, head, review->kind->name,
                                  review->text)
                       : -1;
    cJSON_free(head);
    *len = printed < 0 ? 0 : (size_t)printed;
    return printed < 0 ? NULL : text;
}

static bool send_review(struct chat *chat, const struct reviewer *reviewer, const struct review *review)
{
    struct session *session = reviewer->session;
    size_t len;
    char *text = print_review(chat, review, &len);
    if (!text)
        return false;
    backlog_add(session, len);
    proof_given(session, strlen(REVIEW_TOPIC), len);
    bool sent = broker_send(session->client_id, REVIEW_TOPIC, text, len, NULL, 0, 1, reviewer->identifier);
    free(text);
    return sent;
}

/* The oldest that nobody has; false: there is none, or nobody to give it to. */
static bool give_next(struct chat *chat)
{
    struct reviews *reviews = chat->reviews;
    struct review *review = reviews->idle;
    struct reviewer *reviewer = review ? find_reviewer(chat) : NULL;
    if (!reviewer || !send_review(chat, reviewer, review))
        return false;
    DL_DELETE2(reviews->idle, review, queue_prev, queue_next);
    DL_APPEND2(reviewer->open, review, queue_prev, queue_next);
    review->reviewer = reviewer;
    reviewer->count++;
    DL_DELETE(reviews->reviewers, reviewer); /* the next one is another's */
    DL_APPEND(reviews->reviewers, reviewer);
    return true;
}

/* Reviewers */

/* There are few. NULL: it is none, or nobody can be one. */
static struct reviewer *reviewer_of(const struct chat *chat, const struct session *session)
{
    struct reviewer *reviewer;
    DL_FOREACH (chat->reviews ? chat->reviews->reviewers : NULL, reviewer)
        if (reviewer->session == session)
            return reviewer;
    return NULL;
}

bool reviewer_add(struct chat *chat, struct session *session)
{
    struct reviewer *reviewer = reviewer_of(chat, session);
    if (reviewer)
        return true;
    if (!(reviewer = calloc(1, sizeof *reviewer)))
        return false;
    reviewer->session = session;
    DL_APPEND(chat->reviews->reviewers, reviewer);
    return true;
}

uint32_t *reviewer_identifier(struct chat *chat, const struct session *session)
{
    struct reviewer *reviewer = reviewer_of(chat, session);
    return reviewer ? &reviewer->identifier : NULL;
}

/* What it had comes in front of what nobody has had yet. */
void reviewer_remove(struct chat *chat, const struct session *session)
{
    struct reviews *reviews = chat->reviews;
    struct reviewer *reviewer = reviewer_of(chat, session);
    struct review *review;
    if (!reviewer)
        return;
    DL_FOREACH2 (reviewer->open, review, queue_next)
        review->reviewer = NULL;
    DL_CONCAT2(reviewer->open, reviews->idle, queue_prev, queue_next);
    reviews->idle = reviewer->open;
    DL_DELETE(reviews->reviewers, reviewer);
    free(reviewer);
    reviews->deserted = chat->steady;
}

static bool is_deserted(const struct chat *chat)
{
    return !chat->reviews->reviewers && chat->steady - chat->reviews->deserted >= DESERTED_MS;
}

struct review *review_of(const struct chat *chat, const struct session *session, int64_t number)
{
    const struct reviewer *reviewer = reviewer_of(chat, session);
    struct review *review;
    if (!reviewer)
        return NULL;
    DL_FOREACH2 (reviewer->open, review, queue_next)
        if (review->number == number)
            return review;
    return NULL;
}

/* The beginning */

static bool has_room(const struct reviews *reviews, int count)
{
    return count < REVIEWS_MAX && reviews->bytes < REVIEWS_BYTES_MAX;
}

int review_check(const struct chat *chat, const struct review_kind *kind, const char *sender,
                 const char *topic, bool *waits)
{
    const struct reviews *reviews = chat->reviews;
    const struct review_sender *known = find_sender(reviews, sender);
    char lane[LANE_MAX] = "";
    if (kind->ordered) {
        const struct topic parsed = topic_parse(topic);
        name_lane(lane, sender, &parsed);
    }
    *waits = has_room(reviews, chat->reviewing) && (!is_deserted(chat) || find_lane(reviews, lane));
    if (known && (known->count >= USER_REVIEWS_MAX || known->bytes >= USER_REVIEWS_BYTES_MAX))
        return CODE_TOO_FAST;
    return *waits || chat->options.review_default == REVIEW_DEFAULT_PASS ? CODE_OK
                                                                         : review_default_code(topic);
}

static void put_review(struct chat *chat, const struct review *review)
{
    store_put(chat->store, W_REVIEW_ADD, "iittttiiiitb", review->number, (int64_t)review->kind->number,
              review->sender, review->client, review->platform, review->address, review->time, review->random,
              review->about, (int64_t)review->qos, review->topic, review->text, strlen(review->text));
}

static bool begin_frame(struct chat *chat, const struct review *review)
{
    const size_t bytes = strlen(review->text) + RECORD_MORE;
    return review->kind->command ? store_begin_command(chat->store, bytes)
                                 : store_begin_sized(chat->store, bytes);
}

struct review *review_begin(struct chat *chat, const struct review *plan)
{
    struct review *review = make(plan, chat->steady);
    if (!review)
        return NULL;
    if (!begin_frame(chat, review)) {
        free(review);
        return NULL;
    }
    review->number = (int64_t)store_mark(chat->store);
    if (!enter(chat, review)) {
        store_abort(chat->store);
        free(review);
        return NULL;
    }
    put_review(chat, review);
    store_commit(chat->store);
    chat->count.reviews.held++;
    (void)give_next(chat);
    return review;
}

void review_put_end(struct chat *chat, const struct review *review)
{
    store_put(chat->store, W_REVIEW_END, "i", review->number);
}

bool review_end(struct chat *chat, const struct review *review)
{
    return store_write(chat->store, W_REVIEW_END, "i", review->number);
}

struct session *review_device(struct chat *chat, const struct review *review)
{
    struct session *session = session_by_client_id(chat, review->client);
    if (!session || session->closing.silenced || strcmp(session->user->id, review->sender) != 0)
        return NULL;
    return session;
}

/* The end */

static void count_verdict(struct chat *chat, const struct review_verdict *verdict)
{
    switch (verdict->action) {
    case REVIEW_PASS:
    case REVIEW_REPLACE:
        chat->count.reviews.passed++;
        break;
    case REVIEW_REFUSE:
        chat->count.reviews.refused++;
        break;
    case REVIEW_DROP:
        chat->count.reviews.dropped++;
        break;
    }
    chat->count.reviews.overdue += verdict->by_default;
}

static bool end(struct chat *chat, struct review *review, const struct review_verdict *verdict)
{
    if (!review->kind->end(chat, review, verdict))
        return false;
    count_verdict(chat, verdict);
    leave(chat, review);
    release(review);
    return true;
}

/* What waits for those before it is noted in the store: nobody is asked about it again. */
static int note_passed(struct chat *chat, struct review *review, const struct review_verdict *verdict)
{
    const char *text = verdict->action == REVIEW_REPLACE ? verdict->text : review->text;
    char *replaced = verdict->action == REVIEW_REPLACE ? strdup(verdict->text) : NULL;
    if ((verdict->action == REVIEW_REPLACE && !replaced) ||
        !store_begin_sized(chat->store, strlen(text) + RECORD_MORE)) {
        free(replaced);
        return CODE_BUSY;
    }
    store_put(chat->store, W_REVIEW_PASS, "ib", review->number, text, strlen(text));
    store_commit(chat->store);
    leave_queue(chat->reviews, review);
    review->passed = true;
    review->replaced = replaced;
    return CODE_OK;
}

int review_decide(struct chat *chat, struct review *review, const struct review_verdict *verdict)
{
    const bool is_shown = verdict->action == REVIEW_PASS || verdict->action == REVIEW_REPLACE;
    if (is_shown && review->lane && review->lane->reviews != review)
        return note_passed(chat, review, verdict);
    return end(chat, review, verdict) ? CODE_OK : CODE_BUSY;
}

static struct review_verdict default_verdict(const struct chat *chat, const struct review *review)
{
    if (chat->options.review_default == REVIEW_DEFAULT_PASS)
        return (struct review_verdict){.action = REVIEW_PASS, .by_default = true};
    return (struct review_verdict){
        .action = REVIEW_REFUSE, .code = review_default_code(review->topic), .error = "", .by_default = true};
}

static struct review_verdict noted_verdict(const struct review *review)
{
    return (struct review_verdict){.action = review->replaced ? REVIEW_REPLACE : REVIEW_PASS,
                                   .text = review->replaced};
}

/* Turns */

static bool is_due(const struct chat *chat, const struct review *review)
{
    return is_deserted(chat) || chat->steady - review->since >= chat->options.review_seconds * 1000;
}

/* What is to be ended next, and how; NULL: nothing now. Who came first is due first, and is the first of its lane. */
static struct review *next_end(struct chat *chat, struct review_verdict *verdict)
{
    struct reviews *reviews = chat->reviews;
    if (reviews->doomed) {
        *verdict =
            (struct review_verdict){.action = REVIEW_REFUSE, .code = reviews->doomed->doom, .error = ""};
        return reviews->doomed;
    }
    if (reviews->ready) {
        *verdict = noted_verdict(reviews->ready->reviews);
        return reviews->ready->reviews;
    }
    if (!reviews->all || !is_due(chat, reviews->all))
        return NULL;
    *verdict = default_verdict(chat, reviews->all);
    return reviews->all;
}

static void end_some(struct chat *chat)
{
    struct review *review;
    struct review_verdict verdict;
    const int64_t until = clock_steady_us() + TURN_US;
    if (chat->steady < chat->reviews->retry_at)
        return;
    for (int i = 0; i < TURN_ENDS && (review = next_end(chat, &verdict)) && clock_steady_us() < until; i++) {
        store_reads_begin(chat->store);
        if (!end(chat, review, &verdict)) {
            chat->reviews->retry_at = chat->steady + RETRY_MS;
            return;
        }
    }
}

bool reviews_tick(struct chat *chat)
{
    struct reviews *reviews = chat->reviews;
    struct review_verdict verdict;
    int given = 0;
    if (!reviews->all)
        return false;
    end_some(chat);
    while (given < TURN_GIVEN && give_next(chat))
        given++;
    return given == TURN_GIVEN || (chat->steady >= reviews->retry_at && next_end(chat, &verdict));
}

/* Whom it was for, or came from */

static void doom(struct chat *chat, struct review *review, int code)
{
    if (review->doom)
        return;
    leave_queue(chat->reviews, review);
    if (review->passed) {
        review->passed = false;
        look_at_lane(chat->reviews, review->lane);
    }
    review->doom = code;
    DL_APPEND2(chat->reviews->doomed, review, queue_prev, queue_next);
}

void reviews_lose_user(struct chat *chat, const char *user_id)
{
    struct review *review;
    DL_FOREACH (chat->reviews->all, review)
        if (strcmp(review->sender, user_id) == 0 ||
            (review->to && !review->group && strcmp(review->to, user_id) == 0))
            doom(chat, review, CODE_NO_USER);
}

void reviews_lose_group(struct chat *chat, const char *group_id)
{
    struct review *review;
    DL_FOREACH (chat->reviews->all, review)
        if (review->group && strcmp(review->to, group_id) == 0)
            doom(chat, review, CODE_NO_GROUP);
}

/* The last life */

static const struct review_kind *find_kind(const struct reviews *reviews, int number)
{
    const struct review_kind *const *kind = reviews->kinds;
    while (*kind && (*kind)->number != number)
        kind++;
    return *kind;
}

/* A row: REVIEWS of schema/statements.def. */
static struct review read_row(const struct reviews *reviews, sqlite3_stmt *row)
{
    return (struct review){.number = sqlite3_column_int64(row, 0),
                           .kind = find_kind(reviews, sqlite3_column_int(row, 1)),
                           .sender = store_text(row, 2),
                           .client = store_text(row, 3),
                           .platform = store_text(row, 4),
                           .address = store_text(row, 5),
                           .topic = store_text(row, 10),
                           .text = store_text(row, 12),
                           .time = sqlite3_column_int64(row, 6),
                           .random = sqlite3_column_int64(row, 7),
                           .about = sqlite3_column_int64(row, 8),
                           .qos = sqlite3_column_int(row, 9),
                           .passed = sqlite3_column_int(row, 11) != 0};
}

static bool load(struct chat *chat)
{
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_REVIEWS);
    while (good && store_row(chat->store, row)) {
        const struct review plan = read_row(chat->reviews, row);
        struct review *review = plan.kind ? make(&plan, chat->steady) : NULL;
        good = !plan.kind || (review && enter(chat, review));
        if (!good)
            free(review);
    }
    store_done(row);
    return good && !store_reads_failed(chat->store);
}

int reviews_open(struct chat *chat, const struct review_kind *const *kinds)
{
    chat->reviews = calloc(1, sizeof *chat->reviews);
    if (!chat->reviews)
        return -1;
    chat->reviews->kinds = kinds;
    chat->reviews->deserted = chat->steady;
    return load(chat) ? 0 : -1;
}

void reviews_close(struct chat *chat)
{
    struct reviews *reviews = chat->reviews;
    if (!reviews)
        return;
    while (reviews->reviewers)
        reviewer_remove(chat, reviews->reviewers->session);
    while (reviews->all) {
        struct review *review = reviews->all;
        leave(chat, review);
        release(review);
    }
    free(reviews);
    chat->reviews = NULL;
}
