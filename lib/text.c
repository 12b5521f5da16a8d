/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/text.h"

#include <string.h>

#include "lib/utf8.h"

bool text_copy(char *out, size_t size, const char *text)
{
    const size_t len = strnlen(text, size), kept = len < size ? len : size - 1;
    memcpy(out, text, kept);
    out[kept] = '\0';
    return len < size;
}

/* Bytes of one byte of text, as cJSON writes it. */
static size_t printed_len(unsigned char byte)
{
    if (byte == '"' || byte == '\\' || (byte && strchr("\b\f\n\r\t", byte)))
        return 2;
    return byte < ' ' ? strlen("\\u0000") : 1;
}

static size_t one(unsigned char byte)
{
    (void)byte;
    return 1;
}

static size_t one_a_character(unsigned char byte)
{
    return utf8_begins((char)byte);
}

/* The longest start of `text`, in whole characters, whose bytes together cost no more than `room`. */
static size_t cut(const char *text, size_t room, size_t (*cost)(unsigned char byte))
{
    size_t end = 0, i = 0;
    for (; text[i]; i++) {
        size_t price = cost((unsigned char)text[i]);
        if (utf8_begins(text[i]))
            end = i;
        if (price > room)
            return end;
        room -= price;
    }
    return i;
}

size_t text_fit_bytes(const char *text, size_t bytes)
{
    return cut(text, bytes, one);
}

size_t text_fit_characters(const char *text, size_t characters)
{
    return cut(text, characters, one_a_character);
}

size_t text_fit_json(const char *text, size_t json_bytes)
{
    return cut(text, json_bytes, printed_len);
}

static size_t printed_text_len(const char *text)
{
    size_t len = 0;
    for (; *text; text++)
        len += printed_len((unsigned char)*text);
    return len;
}

static void drop_whole(const struct text_cuts *cuts, size_t max)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cuts->parent, cuts->whole));
    if (text && printed_text_len(text) >= max / 2)
        cJSON_DeleteItemFromObjectCaseSensitive(cuts->parent, cuts->whole);
}

/* Takes at least `excess` printed bytes off, if there are as many. */
static void shorten(cJSON *field, size_t excess)
{
    char *text = cJSON_GetStringValue(field);
    size_t len = text ? printed_text_len(text) : 0;
    if (text)
        text[text_fit_json(text, len > excess ? len - excess : 0)] = '\0';
}

/* The step that is to make it shorter, by `excess` bytes. */
static void take_step(const struct text_cuts *cuts, int step, size_t max, size_t excess)
{
    if (step == 0)
        drop_whole(cuts, max);
    else
        shorten(step == 1 ? cuts->first : cuts->second, excess);
}

char *text_print_within(cJSON *tree, size_t max, const struct text_cuts *cuts)
{
    char *text = cJSON_PrintUnformatted(tree);
    for (int step = 0; text && strlen(text) > max && step < 3; step++) {
        take_step(cuts, step, max, strlen(text) - max);
        cJSON_free(text);
        text = cJSON_PrintUnformatted(tree);
    }
    if (!text || strlen(text) <= max)
        return text;
    cJSON_free(text);
    return NULL;
}

void text_mend(char *text)
{
    for (const char *end = text + strlen(text); text < end;) {
        size_t len = utf8_length((const unsigned char *)text, (size_t)(end - text));
        if (len == 0)
            *text = '?';
        text += len > 0 ? len : 1;
    }
}
