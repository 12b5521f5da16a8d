/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/json.h"

#include <endian.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_text.h"
#include "lib/utf8.h"

#define CJSON_NUMBER_MAX 63 /* cJSON copies a number into a buffer of 64 */
#define PAIRWISE_MAX     8  /* up to so many names comparing each with each beats sorting */
#define BYTES            UINT64_C(0x0101010101010101) /* times a byte: eight of it */

struct scan {
    const unsigned char *p, *end;
    unsigned depth;
    struct json_facts *facts;
};

/* The byte at the cursor. 0 at the end too: a NUL is legal nowhere, so no caller needs to tell them apart. */
static unsigned char peek(const struct scan *scan)
{
    return scan->p < scan->end ? *scan->p : 0;
}

static bool take(struct scan *scan, unsigned char c)
{
    if (peek(scan) != c)
        return false;
    scan->p++;
    return true;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static void skip_space(struct scan *scan)
{
    while (json_is_space((char)peek(scan)))
        scan->p++;
}

static bool take_spaced(struct scan *scan, unsigned char c)
{
    skip_space(scan);
    return take(scan, c);
}

static int hex_value(unsigned char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits; -1 when they are not. */
static int take_hex4(struct scan *scan)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(peek(scan));
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
        scan->p++;
    }
    return value;
}

static bool scan_unicode(struct scan *scan)
{
    int unit = take_hex4(scan);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return false;
    if (unit == 0)
        scan->facts->nul = true;
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    if (!take(scan, '\\') || !take(scan, 'u'))
        return false;
    unit = take_hex4(scan);
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static bool scan_escape(struct scan *scan)
{
    switch (peek(scan)) {
    case 'u':
        scan->p++;
        return scan_unicode(scan);
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        scan->p++;
        return true;
    default:
        return false;
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* How many of eight bytes are, until the first that is not. A byte less something that is more than itself has its
 * highest bit set, as all from 0x80 have; what that borrows from the bytes behind does not matter any more. */
static size_t count_plain(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    word = le64toh(word); /* the first byte is the lowest */
    const uint64_t control = word - BYTES * 0x20;
    const uint64_t quote = (word ^ BYTES * '"') - BYTES, backslash = (word ^ BYTES * '\\') - BYTES;
    const uint64_t other = (word | control | quote | backslash) & BYTES * 0x80;
    return other ? (size_t)__builtin_ctzll(other) / 8 : sizeof word;
}

static void skip_plain(struct scan *scan)
{
    size_t count = sizeof(uint64_t);
    while (count == sizeof(uint64_t) && scan->end - scan->p >= (ptrdiff_t)sizeof(uint64_t))
        scan->p += count = count_plain(scan->p);
    while (is_plain(peek(scan)))
        scan->p++;
}

/* Characters of more than one byte. */
static bool skip_wide(struct scan *scan)
{
    while (peek(scan) >= 0x80) {
        size_t step = utf8_length(scan->p, (size_t)(scan->end - scan->p));
        if (!step)
            return false;
        scan->p += step;
    }
    return true;
}

static bool scan_string(struct scan *scan)
{
    if (!take(scan, '"'))
        return false;
    for (;;) {
        skip_plain(scan);
        if (!skip_wide(scan))
            return false;
        if (take(scan, '"'))
            return true;
        if (take(scan, '\\') ? !scan_escape(scan) : peek(scan) < 0x20)
            return false;
    }
}

static bool scan_digits(struct scan *scan)
{
    const unsigned char *start = scan->p;
    while (is_digit(peek(scan)))
        scan->p++;
    return scan->p > start;
}

static bool scan_number(struct scan *scan)
{
    const unsigned char *start = scan->p;
    take(scan, '-');
    if (!take(scan, '0') && !scan_digits(scan))
        return false;
    if (take(scan, '.') && !scan_digits(scan))
        return false;
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+'))
            take(scan, '-');
        if (!scan_digits(scan))
            return false;
    }
    if (scan->p - start > CJSON_NUMBER_MAX)
        scan->facts->long_number = true;
    return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(scan->end - scan->p) < len || memcmp(scan->p, word, len) != 0)
        return false;
    scan->p += len;
    return true;
}

static bool scan_value(struct scan *scan);

static bool scan_array(struct scan *scan)
{
    scan->p++;
    if (take_spaced(scan, ']'))
        return true;
    do {
        if (!scan_value(scan))
            return false;
    } while (take_spaced(scan, ','));
    return take(scan, ']');
}

/* One character of a raw name: itself or \uXXXX. Other escapes make no letter, so they may stay a
 * backslash. */
static int name_char(struct scan *name)
{
    if (name->end - name->p < 6 || name->p[0] != '\\' || name->p[1] != 'u')
        return name->p < name->end ? *name->p++ : 0;
    name->p += 2;
    return take_hex4(name);
}

static bool name_is(struct json_span raw, const char *want)
{
    const unsigned char *bytes = (const unsigned char *)raw.at;
    struct scan name = {.p = bytes, .end = bytes + raw.len};
    for (; *want; want++)
        if (name_char(&name) != *want)
            return false;
    return name.p == name.end;
}

static struct json_span span_of(const unsigned char *from, const unsigned char *to)
{
    return (struct json_span){(const char *)from, (size_t)(to - from)};
}

/* A member of the outermost object, which ends here. */
static void note_member(struct scan *scan, struct json_span name, const unsigned char *value)
{
    struct json_facts *facts = scan->facts;
    const struct json_member member = {name, span_of(value, scan->p)};
    if (facts->member_count < JSON_MEMBERS_NOTED)
        facts->members[facts->member_count] = member;
    facts->member_count++;
    if (!facts->watch || !name_is(name, facts->watch))
        return;
    facts->watched = member.value.at;
    facts->watched_len = member.value.len;
    facts->watched_count++;
}

static bool scan_name(struct scan *scan)
{
    bool nul_before = scan->facts->nul;
    scan->facts->nul = false;
    bool good = scan_string(scan);
    scan->facts->nul_name |= scan->facts->nul;
    scan->facts->nul |= nul_before;
    return good;
}

static bool scan_member(struct scan *scan)
{
    skip_space(scan);
    const unsigned char *begin = scan->p + 1;
    if (!scan_name(scan))
        return false;
    const struct json_span name = span_of(begin, scan->p - 1);
    if (!take_spaced(scan, ':'))
        return false;
    skip_space(scan);
    const unsigned char *value = scan->p;
    if (!scan_value(scan))
        return false;
    if (scan->depth == 1)
        note_member(scan, name, value);
    return true;
}

static bool scan_object(struct scan *scan)
{
    scan->p++;
    if (take_spaced(scan, '}'))
        return true;
    do {
        if (!scan_member(scan))
            return false;
    } while (take_spaced(scan, ','));
    return take(scan, '}');
}

static bool scan_nested(struct scan *scan, bool (*inside)(struct scan *))
{
    if (scan->depth == JSON_DEPTH_MAX)
        return false;
    scan->depth++;
    bool good = inside(scan);
    scan->depth--;
    return good;
}

static bool scan_scalar(struct scan *scan)
{
    switch (peek(scan)) {
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        return scan_number(scan);
    }
}

/* A value and the white space before it. */
static bool scan_value(struct scan *scan)
{
    skip_space(scan);
    switch (peek(scan)) {
    case '{':
        return scan_nested(scan, scan_object);
    case '[':
        return scan_nested(scan, scan_array);
    default:
        return scan_scalar(scan);
    }
}

bool json_scan(const char *text, size_t len, struct json_facts *facts)
{
    const unsigned char *bytes = (const unsigned char *)text;
    struct scan scan = {.p = bytes, .end = bytes + len, .facts = facts};
    bool good = scan_value(&scan);
    skip_space(&scan);
    return good && scan.p == scan.end;
}

/* From behind the opening quote to behind the closing one. */
static size_t mend_string(char *text, size_t len, size_t i)
{
    while (i < len && text[i] != '"') {
        if (text[i] != '\\') {
            i++;
        } else if (len - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0) {
            memcpy(text + i, "\\ufffd", 6);
            i += 6;
        } else {
            i += 2;
        }
    }
    return i + 1;
}

static size_t mend_number(char *text, size_t len, size_t start)
{
    size_t i = start;
    while (i < len && (is_digit((unsigned char)text[i]) || strchr("+-.eE", text[i])))
        i++;
    /* The first comparison tells gcc -flto, which looks into here for texts that it knows, what it does not see. */
    if (len > CJSON_NUMBER_MAX && i - start > CJSON_NUMBER_MAX) {
        memset(text + start, ' ', i - start);
        memcpy(text + start, "-1", 2);
    }
    return i;
}

/* Makes strict text readable for cJSON, in place and without changing its length. */
static void mend(char *text, size_t len)
{
    size_t i = 0;
    while (i < len)
        if (text[i] == '"')
            i = mend_string(text, len, i + 1);
        else if (text[i] == '-' || is_digit((unsigned char)text[i]))
            i = mend_number(text, len, i);
        else
            i++;
}

cJSON *json_parse(const char *text, size_t len, const struct json_facts *facts)
{
    if (!facts->nul && !facts->long_number)
        return cJSON_ParseWithLengthOpts(text, len, NULL, 0);
    char *copy = malloc(len);
    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    mend(copy, len);
    cJSON *tree = cJSON_ParseWithLengthOpts(copy, len, NULL, 0);
    free(copy);
    return tree;
}

cJSON *json_read(const char *text, size_t len)
{
    struct json_facts facts = {0};
    return json_scan(text, len, &facts) ? json_parse(text, len, &facts) : NULL;
}

/* The first eight bytes as a number that sorts like the text: most comparisons end there. */
struct sorting_name {
    uint64_t head;
    const char *text;
};

static uint64_t name_head(const char *text)
{
    uint64_t head = 0;
    int shift = 56;
    for (; shift >= 0 && *text; shift -= 8, text++)
        head |= (uint64_t)(unsigned char)*text << shift;
    return head;
}

static int compare_names(const void *left, const void *right)
{
    const struct sorting_name *a = left, *b = right;
    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    return a->head & 0xFF ? strcmp(a->text + 8, b->text + 8) : 0;
}

static const char *twice_sorted(struct sorting_name *names, size_t count)
{
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&names[i - 1], &names[i]) == 0)
            return names[i].text;
    return NULL;
}

static const char *twice_pairwise(const cJSON *object)
{
    for (const cJSON *a = object->child; a; a = a->next) {
        for (const cJSON *b = a->next; b; b = b->next)
            if (a->string[0] == b->string[0] && strcmp(a->string, b->string) == 0)
                return a->string;
    }
    return NULL;
}

static size_t count_children(const cJSON *item)
{
    size_t count = 0;
    for (const cJSON *child = item->child; child; child = child->next)
        count++;
    return count;
}

static bool names_unique(const cJSON *object, const char **twice)
{
    *twice = NULL;
    size_t count = count_children(object);
    if (count <= PAIRWISE_MAX) {
        *twice = twice_pairwise(object);
        return !*twice;
    }
    struct sorting_name *names = malloc(count * sizeof(*names));
    if (!names)
        return false;
    size_t i = 0;
    for (const cJSON *child = object->child; child; child = child->next)
        names[i++] = (struct sorting_name){name_head(child->string), child->string};
    *twice = twice_sorted(names, count);
    free(names);
    return !*twice;
}

bool json_unique(const cJSON *tree, const char **twice)
{
    if (cJSON_IsObject(tree) && !names_unique(tree, twice))
        return false;
    for (const cJSON *child = tree->child; child; child = child->next)
        if (child->child && !json_unique(child, twice))
            return false;
    return true;
}

static bool is_deeper(const cJSON *tree, unsigned levels)
{
    const bool holds = cJSON_IsObject(tree) || cJSON_IsArray(tree);
    if (holds && levels == 0)
        return true;
    for (const cJSON *child = tree->child; child; child = child->next)
        if (is_deeper(child, levels - 1))
            return true;
    return false;
}

cJSON *json_read_part(const char *text, size_t len)
{
    const char *twice;
    cJSON *tree = json_read(text, len);
    if (tree && !is_deeper(tree, JSON_DEPTH_PART) && json_unique(tree, &twice))
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

int64_t json_number(const cJSON *item, int64_t otherwise)
{
    const double number = cJSON_IsNumber(item) ? item->valuedouble : (double)INFINITY;
    return fabs(number) <= (double)SAFE_INTEGER_MAX ? (int64_t)number : otherwise;
}

cJSON *json_create_whole(int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)number);
    return cJSON_CreateRaw(digits);
}

bool json_add_whole(cJSON *object, const char *name, int64_t number)
{
    cJSON *item = json_create_whole(number);
    if (item && cJSON_AddItemToObject(object, name, item))
        return true;
    cJSON_Delete(item);
    return false;
}

cJSON *json_add_object(cJSON *array)
{
    cJSON *item = cJSON_CreateObject();
    if (item && cJSON_AddItemToArray(array, item))
        return item;
    cJSON_Delete(item);
    return NULL;
}
