/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_errands.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/topic.h"
#include "gate/client/web_client.h"
#include "gate/http/exchange.h"
#include "lib/clock.h"
#include "lib/json.h"

#define PATIENCE_MS 40000 /* a reviewer has up to 30 s */

struct sending {
    struct errand errand;
    char topic[TOPIC_MAX];
    char *payload;
    size_t len;
    int64_t random;
    int mid;
    bool receipt;
};

unsigned status_of_code(int code)
{
    if (code == CODE_TOO_FAST)
        return 429;
    if (code == CODE_TOO_LONG)
        return 413;
    return code >= 90000 && code < 100000 ? 400 : 403;
}

static void sending_free(struct sending *sending)
{
    free(sending->payload);
    free(sending);
}

static void end(struct sending *sending, struct web_client *client, unsigned status, cJSON *answer_take)
{
    struct exchange *exchange = sending->errand.exchange;
    web_client_done(client, &sending->errand);
    sending_free(sending);
    exchange_answer_json(exchange, status, answer_take);
}

static void fail(struct errand *errand, unsigned status, int code, const char *error)
{
    struct exchange *exchange = errand->exchange;
    sending_free((struct sending *)errand);
    exchange_refuse(exchange, status, code, error);
}

static void begin(struct errand *errand, struct web_client *client)
{
    struct sending *sending = (struct sending *)errand;
    sending->mid = connection_publish(client->connection, sending->topic, sending->payload, sending->len, 1);
    if (sending->mid != 0)
        return;
    web_client_done(client, errand);
    fail(errand, 503, 0, "it could not be sent to the broker");
}

/* Of an event: the members of the receipt, or of the refusal. */
static cJSON *copy_members(const cJSON *event, const char *const names[])
{
    cJSON *answer = cJSON_CreateObject();
    for (; answer && *names; names++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, *names);
        cJSON *copy = item ? cJSON_Duplicate(item, true) : NULL;
        if (item && (!copy || !cJSON_AddItemToObject(answer, *names, copy))) {
            cJSON_Delete(copy);
            cJSON_Delete(answer);
            return NULL;
        }
    }
    return answer;
}

/* Is the event about this message? Where a payload has no form, the broker does not know its random. */
static bool is_ours(const struct sending *sending, const cJSON *event, bool refusal)
{
    const cJSON *random = cJSON_GetObjectItemCaseSensitive(event, "random");
    const cJSON *topic = cJSON_GetObjectItemCaseSensitive(event, "topic");
    if (cJSON_IsNumber(random))
        return json_number(random, -1) == sending->random;
    return refusal && cJSON_IsString(topic) && strcmp(topic->valuestring, sending->topic) == 0;
}

static bool heard(struct errand *errand, struct web_client *client, const char *name, const cJSON *event)
{
    static const char *const receipt[] = {"id", "seq", "time", NULL}, *const refusal[] = {"code", "error",
                                                                                          NULL};
    struct sending *sending = (struct sending *)errand;
    const bool refused = strcmp(name, "rejected") == 0;
    if ((!refused && strcmp(name, "sent") != 0) || !is_ours(sending, event, refused))
        return false;
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(event, "code");
    end(sending, client, refused ? status_of_code(cJSON_IsNumber(code) ? code->valueint : 0) : 200,
        copy_members(event, refused ? refusal : receipt));
    return true;
}

/* Where no receipt comes the ack is all there is. A refusal comes as an event, too, which says more. */
static void published(struct errand *errand, struct web_client *client, int mid, int reason)
{
    struct sending *sending = (struct sending *)errand;
    if (mid == sending->mid && !sending->receipt && reason < 0x80)
        end(sending, client, 200, cJSON_CreateObject());
}

static const struct errand_kind kind = {.begin = begin, .heard = heard, .published = published, .fail = fail};

static int64_t new_random(void)
{
    uint64_t number = 0;
    (void)RAND_bytes((unsigned char *)&number, sizeof number);
    return (int64_t)(number % (uint64_t)SAFE_INTEGER_MAX) + 1;
}

/* {"random":7,"text":"hi"}, with the body's own bytes behind. A body that is no object is a text. malloc'ed; NULL: out
 * of memory. */
static char *print_payload(const char *body, size_t len, int64_t random)
{
    const char *start = body + strspn(body, " \t\r\n");
    char *payload = NULL;
    if (*start == '{') {
        const char *inner = start + 1 + strspn(start + 1, " \t\r\n");
        if (asprintf(&payload, "{\"random\":%lld%s%.*s", (long long)random, *inner == '}' ? "" : ",",
                     (int)(len - (size_t)(inner - body)), inner) < 0)
            return NULL;
        return payload;
    }
    cJSON *object = cJSON_CreateObject();
    if (object && json_add_whole(object, "random", random) && cJSON_AddStringToObject(object, "text", body))
        payload = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return payload;
}

/* The random that the body has itself; 0: none, or it is for the broker to refuse. */
static int64_t read_random(const cJSON *tree)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, "random");
    return cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble <= (double)SAFE_INTEGER_MAX
               ? (int64_t)item->valuedouble
               : 0;
}

static bool set_payload(struct sending *sending, const char *body, size_t len)
{
    cJSON *tree = json_read(body, len);
    const bool named = cJSON_HasObjectItem(tree, "random");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(tree, "onlineOnly")))
        sending->receipt = false;
    sending->random = named ? read_random(tree) : new_random();
    cJSON_Delete(tree);
    sending->payload = named ? strndup(body, len) : print_payload(body, len, sending->random);
    sending->len = sending->payload ? strlen(sending->payload) : 0;
    return sending->payload != NULL;
}

struct errand *errand_send(struct exchange *exchange, const char *topic, bool receipt)
{
    size_t len;
    const char *body = exchange_body(exchange, &len);
    struct sending *sending = body && len > 0 ? calloc(1, sizeof *sending) : NULL;
    if (!body || len == 0) {
        exchange_refuse(exchange, body ? 400 : 413, body ? CODE_BAD_MESSAGE : CODE_TOO_LONG,
                        body ? "the body is empty: a text, or a message as in docs/protocol.md"
                             : "the body is too long");
        return NULL;
    }
    if (!sending || memchr(body, '\0', len)) {
        free(sending);
        exchange_refuse(exchange, sending ? 400 : 503, sending ? CODE_BAD_MESSAGE : CODE_BUSY,
                        sending ? "the body has a NUL" : "out of memory");
        return NULL;
    }
    *sending = (struct sending){
        .errand = {.kind = &kind, .exchange = exchange, .deadline = clock_steady() + PATIENCE_MS},
        .receipt = receipt};
    snprintf(sending->topic, sizeof sending->topic, "%s", topic);
    if (set_payload(sending, body, len))
        return &sending->errand;
    sending_free(sending);
    exchange_refuse(exchange, 503, CODE_BUSY, "out of memory");
    return NULL;
}
