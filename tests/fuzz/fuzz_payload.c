/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages. What must hold: what is accepted is, behind the server's stamp, strict JSON in which nobody but the server
 * says who sent it; the fast way for the usual text and the tree say the same; what the word filter makes of it is
 * accepted again, has none of the words, and is not too long. */
#include "acl/code.h"
#include "lib/json.h"
#include "lib/utf8.h"
#include "lib/words.h"
#include "plugin/payload/payload.h"
#include "plugin/payload/stamp.h"
#include "tests/fuzz/fuzz.h"

#define MAX_BYTES 4096
#define WORD_LIST                                                                                            \
    "bad\ndirt=***\n\"q=\\\n\xf0\x9f\x98\x80=:)\ngone=\nlong=0123456789012345678901234567890123456789\n"

static struct words *words;

static void read_words(void)
{
    char error[200];
    HOLDS(words || words_read(&words, WORD_LIST, strlen(WORD_LIST), NULL, error, sizeof error) == 0);
}

/* `front` and what follows the first brace of a message. To be freed. */
static char *join(const char *front, size_t front_len, const struct payload *payload, size_t *len)
{
    *len = front_len + payload->body_len;
    char *text = malloc(*len + 1);
    HOLDS(text);
    memcpy(text, front, front_len);
    memcpy(text + front_len, payload->body, payload->body_len);
    text[*len] = '\0';
    return text;
}

static void is_delivered_as_the_senders(const struct payload *payload)
{
    static const struct stamp stamp = {917, 12, 1700000000123, "alice", "bob", NULL};
    char front[STAMP_MAX];
    const char *twice = NULL;
    size_t len;
    char *text = join(front, stamp_write(front, &stamp), payload, &len);
    cJSON *tree = json_read(text, len);
    HOLDS(tree && json_unique(tree, &twice));
    HOLDS(strcmp(cJSON_GetObjectItemCaseSensitive(tree, "sender")->valuestring, "alice") == 0);
    HOLDS(cJSON_GetObjectItemCaseSensitive(tree, "id")->valuedouble == 917);
    cJSON_Delete(tree);
    free(text);
}

/* An object in front means nothing, but needs the tree. */
static void says_the_same_by_the_tree(const struct payload *payload)
{
    static const char front[] = "{\"fuzz\":{},";
    struct payload again;
    char reason[200];
    size_t len;
    char *text = join(front, strlen(front), payload, &len);
    int code = payload_parse(&again, text, len, len, reason, sizeof reason);
    if (code == CODE_OK) {
        HOLDS(again.content == payload->content && again.random == payload->random);
        HOLDS(again.at_count == payload->at_count && again.at_all == payload->at_all);
        payload_clear(&again);
    } else {
        HOLDS(strstr(reason, "fuzz"));
    }
    free(text);
}

static void is_accepted_again(const struct payload *payload)
{
    struct payload again;
    char reason[200];
    size_t len;
    char *text = join("{", 1, payload, &len);
    HOLDS(len <= MAX_BYTES);
    HOLDS(payload_parse(&again, text, len, MAX_BYTES, reason, sizeof reason) == CODE_OK);
    HOLDS(again.content == payload->content && again.random == payload->random);
    payload_clear(&again);
    free(text);
}

static void try_filter(struct payload *payload)
{
    char reason[200] = "";
    const int code = payload_filter(payload, words, MAX_BYTES, reason, sizeof reason);
    HOLDS(code == CODE_OK || code == CODE_WORD);
    HOLDS(utf8_valid(reason, strlen(reason)));
    if (code != CODE_OK)
        return;
    is_delivered_as_the_senders(payload);
    is_accepted_again(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct payload payload;
    char reason[200], *bytes = malloc(size ? size : 1);
    read_words();
    HOLDS(bytes);
    if (size > 0)
        memcpy(bytes, data, size);
    const int code = payload_parse(&payload, bytes, size, MAX_BYTES, reason, sizeof reason);
    HOLDS(utf8_valid(reason, strlen(reason)));
    HOLDS((code == CODE_OK) == (reason[0] == '\0'));
    if (code == CODE_OK) {
        char mentions[MENTIONS_MAX];
        (void)payload_mentions(&payload, mentions);
        is_delivered_as_the_senders(&payload);
        says_the_same_by_the_tree(&payload);
        try_filter(&payload);
    }
    payload_clear(&payload);
    free(bytes);
    return 0;
}
