/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/usersig_claims.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/json_text.h"

#define NUMBER_MAX   (SAFE_INTEGER_MAX + 1)
#define PLAIN_DIGITS 16 /* 2^53 has as many decimal digits */

enum claim_kind { TEXT, NUMBER };

static const struct claim {
    const char *name;
    size_t name_len;
    size_t offset;
    enum claim_kind kind;
    bool optional;
} claim_table[] = {
#define CLAIM(name, member, ...)                                                                             \
    {                                                                                                        \
        name, sizeof(name) - 1, offsetof(struct claims, member), __VA_ARGS__                                 \
    }
    CLAIM("TLS.ver", version, TEXT, false),
    CLAIM("TLS.identifier", identifier, TEXT, false),
    CLAIM("TLS.sdkappid", sdkappid, NUMBER, false),
    CLAIM("TLS.time", created, NUMBER, false),
    CLAIM("TLS.expire", expire, NUMBER, false),
    CLAIM("TLS.userbuf", userbuf, TEXT, true),
    CLAIM("TLS.sig", sig, TEXT, false),
#undef CLAIM
};

#define CLAIM_COUNT COUNT(claim_table)

/* Of what json_scan has accepted. */
static int parse(const char *json, size_t len, const struct json_facts *facts, cJSON **out)
{
    *out = json_parse(json, len, facts);
    if (!*out)
        return CODE_BUSY;
    if (cJSON_IsObject(*out))
        return CODE_OK;
    cJSON_Delete(*out);
    *out = NULL;
    return CODE_SIG_MALFORMED;
}

int claims_parse(const char *json, size_t len, cJSON **out)
{
    struct json_facts facts = {0};
    *out = NULL;
    return json_scan(json, len, &facts) ? parse(json, len, &facts, out) : CODE_SIG_MALFORMED;
}

/* With a tree */

/* Exactly 2^53, or 2^53 + 1, which a double takes for the same? Only the text tells. */
static bool is_number_max(const cJSON *item, const char *json, size_t len)
{
    struct json_facts facts = {.watch = item->string};
    const char *text = json_scan(json, len, &facts) ? facts.watched : "";
    return strspn(text, "0123456789.eE") == PLAIN_DIGITS && strtoll(text, NULL, 10) == NUMBER_MAX;
}

/* A whole number in 0..2^53. -0 is none. */
static bool read_number(const cJSON *item, const char *json, size_t len, int64_t *out)
{
    double value = item->valuedouble;
    if (!cJSON_IsNumber(item) || signbit(value) || !(value <= (double)NUMBER_MAX) || value != floor(value))
        return false;
    *out = (int64_t)value;
    return *out < NUMBER_MAX || is_number_max(item, json, len);
}

static bool read_claim(const cJSON *root, const char *json, size_t len, const struct claim *claim,
                       struct claims *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, claim->name);
    void *place = (char *)out + claim->offset;
    if (!item)
        return claim->optional;
    if (claim->kind == NUMBER)
        return read_number(item, json, len, place);
    *(const char **)place = cJSON_GetStringValue(item);
    return cJSON_IsString(item);
}

static bool has_control_characters(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* Names are unique, and no string has a \u0000, which json_parse replaces. */
static int check_unambiguous(const cJSON *root, const struct json_facts *facts)
{
    const char *twice;
    if (facts->nul)
        return CODE_SIG_MALFORMED;
    if (json_unique(root, &twice))
        return CODE_OK;
    return twice ? CODE_SIG_MALFORMED : CODE_BUSY;
}

static int read_tree(const char *json, size_t len, const struct json_facts *facts, struct claims *out,
                     cJSON **tree)
{
    int code = parse(json, len, facts, tree);
    if (code == CODE_OK)
        code = check_unambiguous(*tree, facts);
    *out = (struct claims){0};
    for (size_t i = 0; code == CODE_OK && i < CLAIM_COUNT; i++)
        if (!read_claim(*tree, json, len, &claim_table[i], out))
            code = CODE_SIG_MALFORMED;
    return code;
}

/* Without one */

/* CLAIM_COUNT: none of ours. */
static size_t claim_of(struct json_span name)
{
    size_t i = 0;
    while (i < CLAIM_COUNT &&
           (claim_table[i].name_len != name.len || memcmp(claim_table[i].name, name.at, name.len) != 0))
        i++;
    return i;
}

static bool take_digits(struct json_span value, int64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
        *out = *out * 10 + (value.at[i] - '0');
    }
    return true;
}

/* A string, or a number of so few digits that it can be no other. */
static bool take_plain(const struct claim *claim, struct json_span value, struct claims *out)
{
    void *place = (char *)out + claim->offset;
    if (claim->kind == NUMBER)
        return value.len < PLAIN_DIGITS && take_digits(value, place);
    *(const char **)place = value.at + 1;
    return *value.at == '"';
}

/* As generators write it: our members only, each once, and nothing escaped. Their strings are ended where they are.
 * false: it is not like that, or no userSig; nothing has changed, and a tree tells more. */
static bool read_plain(char *json, size_t len, const struct json_facts *facts, struct claims *out)
{
    char *ends[CLAIM_COUNT] = {0};
    if (facts->member_count > JSON_MEMBERS_NOTED || memchr(json, '\\', len))
        return false;
    *out = (struct claims){0};
    for (size_t n = 0; n < facts->member_count; n++) {
        const struct json_span name = facts->members[n].name, value = facts->members[n].value;
        const size_t i = claim_of(name);
        if (i == CLAIM_COUNT || ends[i] || !take_plain(&claim_table[i], value, out))
            return false;
        ends[i] = json + (value.at - json) + value.len - 1;
    }
    for (size_t i = 0; i < CLAIM_COUNT; i++)
        if (!ends[i] && !claim_table[i].optional)
            return false;
    for (size_t i = 0; i < CLAIM_COUNT; i++)
        if (ends[i] && claim_table[i].kind == TEXT)
            *ends[i] = '\0';
    return true;
}

int claims_read(char *json, size_t len, struct claims *out, cJSON **tree)
{
    struct json_facts facts = {0};
    *tree = NULL;
    if (!json_scan(json, len, &facts))
        return CODE_SIG_MALFORMED;
    int code = read_plain(json, len, &facts, out) ? CODE_OK : read_tree(json, len, &facts, out, tree);
    if (code != CODE_OK)
        return code;
    return strcmp(out->version, "2.0") == 0 && !has_control_characters(out->identifier) ? CODE_OK
                                                                                        : CODE_SIG_MALFORMED;
}
