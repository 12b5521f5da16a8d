/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The words of a message: payload_filter of payload.h. It walks the client's own bytes, since everything but what
 * is replaced stays as it was written. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/json_quote.h"
#include "lib/json_text.h"
#include "lib/words.h"
#include "plugin/payload/payload.h"

enum spot_kind { SPOT_STRING, SPOT_STRINGS, SPOT_OBJECT, SPOT_OBJECTS };

/* Where there is text in an object. A row without name ends a table. */
struct spot {
    const char *name;
    enum spot_kind kind;
    const struct spot *inside;
};

static const struct spot desc_spots[] = {{"desc", SPOT_STRING, NULL}, {0}};
static const struct spot file_spots[] = {{"name", SPOT_STRING, NULL}, {0}};
static const struct spot push_spots[] = {{"title", SPOT_STRING, NULL}, {"body", SPOT_STRING, NULL}, {0}};
static const struct spot merger_spots[] = {
    {"title", SPOT_STRING, NULL}, {"abstracts", SPOT_STRINGS, NULL}, {0}};

#define ELEMENT_SPOTS                                                                                        \
    {"text", SPOT_STRING, NULL}, {"custom", SPOT_OBJECT, desc_spots}, {"file", SPOT_OBJECT, file_spots},     \
    {                                                                                                        \
        "location", SPOT_OBJECT, desc_spots                                                                  \
    }

static const struct spot element_spots[] = {ELEMENT_SPOTS, {0}};
static const struct spot message_spots[] = {ELEMENT_SPOTS,
                                            {"merger", SPOT_OBJECT, merger_spots},
                                            {"push", SPOT_OBJECT, push_spots},
                                            {"elements", SPOT_OBJECTS, element_spots},
                                            {0}};

/* The longest name above, with each letter written \u00XX. */
#define RAW_NAME_MAX 54

struct filtering {
    const struct words *words;
    const char *copied; /* what is before it is in `out`, once something has been replaced */
    char *out;
    size_t len, room, max;
    const char *where; /* the member at hand */
    int code;
};

/* What was written */

static bool append(struct filtering *f, const char *bytes, size_t len)
{
    if (f->len + len > f->max) {
        f->code = CODE_WORD;
        return false;
    }
    if (f->len + len > f->room) {
        size_t room = (f->len + len) * 2;
        char *out = realloc(f->out, room);
        if (!out) {
            f->code = CODE_BUSY;
            return false;
        }
        f->out = out;
        f->room = room;
    }
    memcpy(f->out + f->len, bytes, len);
    f->len += len;
    return true;
}

/* Puts the text in the place of the string at `value`. */
static void replace(struct filtering *f, const char *value, const char *text, size_t len)
{
    size_t quoted_len = json_quoted_len(text, len);
    char *quoted = quoted_len > 0 ? malloc(quoted_len) : NULL;
    if (!quoted) {
        f->code = CODE_BUSY;
        return;
    }
    json_quote_write(quoted, quoted_len, text, len);
    if (append(f, f->copied, (size_t)(value - f->copied)) && append(f, quoted, quoted_len))
        f->copied = json_skip_string(value);
    free(quoted);
}

/* Texts */

static void check_text(struct filtering *f, const char *value, const char *text, size_t len)
{
    char *masked;
    size_t masked_len;
    switch (words_apply(f->words, text, len, f->max, &masked, &masked_len)) {
    case WORDS_CLEAN:
        return;
    case WORDS_MASKED:
        replace(f, value, masked, masked_len);
        free(masked);
        return;
    case WORDS_REFUSED:
        f->code = CODE_WORD;
        return;
    case WORDS_NO_MEMORY:
        f->code = CODE_BUSY;
        return;
    }
}

static void check_string(struct filtering *f, const char *value)
{
    if (*value != '"')
        return;
    const char *raw = value + 1;
    size_t len = (size_t)(json_skip_string(value) - raw) - 1;
    if (!memchr(raw, '\\', len)) {
        check_text(f, value, raw, len);
        return;
    }
    char *text = malloc(len);
    if (!text) {
        f->code = CODE_BUSY;
        return;
    }
    check_text(f, value, text, json_unquote(text, raw, len));
    free(text);
}

/* Objects */

static bool is_name(const char *member, const char *name)
{
    char plain[RAW_NAME_MAX];
    const char *raw = member + 1;
    size_t len = strlen(name), raw_len;
    if (raw[0] != name[0] && raw[0] != '\\')
        return false;
    raw_len = (size_t)(json_skip_string(member) - raw) - 1;
    if (raw_len == len)
        return memcmp(raw, name, len) == 0;
    return raw_len > len && raw_len <= sizeof plain && json_unquote(plain, raw, raw_len) == len &&
           memcmp(plain, name, len) == 0;
}

static void check_members(struct filtering *f, const char *p, const struct spot *spots);

static void check_items(struct filtering *f, const char *p, const struct spot *spot)
{
    struct json_span item;
    while (f->code == CODE_OK && json_next_item(&p, &item))
        if (spot->kind == SPOT_STRINGS)
            check_string(f, item.at);
        else if (*item.at == '{')
            check_members(f, item.at + 1, spot->inside);
}

static void check_spot(struct filtering *f, const char *value, const struct spot *spot)
{
    f->where = spot->name;
    if (spot->kind == SPOT_STRING)
        check_string(f, value);
    else if (spot->kind == SPOT_OBJECT && *value == '{')
        check_members(f, value + 1, spot->inside);
    else if (spot->kind != SPOT_OBJECT && *value == '[')
        check_items(f, value + 1, spot);
}

/* `p` is behind the brace. */
static void check_members(struct filtering *f, const char *p, const struct spot *spots)
{
    struct json_span member;
    while (f->code == CODE_OK && json_next_member(&p, &member)) {
        const struct spot *spot = spots;
        while (spot->name && !is_name(member.at, spot->name))
            spot++;
        if (spot->name)
            check_spot(f, json_member_value(member.at), spot);
    }
}

int payload_filter(struct payload *payload, const struct words *words, size_t max_bytes, char *reason,
                   size_t reason_size)
{
    struct filtering f = {
        .words = words, .copied = payload->body, .max = max_bytes - 1}; /* without the brace */
    check_members(&f, payload->body, message_spots);
    if (f.code == CODE_OK && f.out)
        (void)append(&f, f.copied, (size_t)(payload->body + payload->body_len - f.copied));
    if (f.code == CODE_WORD && reason_size > 0)
        snprintf(reason, reason_size, "%s has a word that is not allowed", f.where);
    if (f.code != CODE_OK || !f.out) {
        free(f.out);
        return f.code;
    }
    free(payload->owned);
    payload->body = payload->owned = f.out;
    payload->body_len = f.len;
    return CODE_OK;
}
