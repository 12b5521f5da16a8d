/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/record.h"

#include <string.h>

struct text {
    const char *bytes; /* NULL: no value */
    uint32_t len;
};

static struct text next_text(char kind, va_list *parameters)
{
    struct text text = {.bytes = va_arg(*parameters, const char *)};
    if (kind == 'b')
        text.len = (uint32_t)va_arg(*parameters, size_t);
    else if (text.bytes)
        text.len = (uint32_t)strlen(text.bytes);
    return text;
}

size_t record_size(const char *format, va_list parameters)
{
    va_list list;
    size_t size = 0;
    va_copy(list, parameters);
    for (; *format; format++) {
        if (*format == 'i') {
            (void)va_arg(list, int64_t);
            size += 1 + sizeof(int64_t);
            continue;
        }
        struct text text = next_text(*format, &list);
        size += text.bytes ? 1 + sizeof(uint32_t) + text.len : 1;
    }
    va_end(list);
    return size;
}

static uint8_t *put(uint8_t *out, char tag, const void *bytes, size_t len)
{
    *out++ = (uint8_t)tag;
    memcpy(out, bytes, len);
    return out + len;
}

char *record_write(uint8_t *out, const char *format, va_list parameters)
{
    va_list list;
    char *last = NULL;
    va_copy(list, parameters);
    for (; *format; format++) {
        if (*format == 'i') {
            int64_t number = va_arg(list, int64_t);
            out = put(out, 'i', &number, sizeof number);
            continue;
        }
        struct text text = next_text(*format, &list);
        if (!text.bytes) {
            *out++ = 'n';
            continue;
        }
        out = put(out, 'b', &text.len, sizeof text.len);
        last = (char *)out;
        memcpy(out, text.bytes, text.len);
        out += text.len;
    }
    va_end(list);
    return last;
}

/* Binds one parameter; *at moves behind it. */
static int bind_one(sqlite3_stmt *statement, int index, const uint8_t **at, const uint8_t *end)
{
    uint8_t tag = *(*at)++;
    size_t left = (size_t)(end - *at);
    if (tag == 'n')
        return sqlite3_bind_null(statement, index);
    if (tag == 'i' && left >= sizeof(int64_t)) {
        int64_t number;
        memcpy(&number, *at, sizeof number);
        *at += sizeof number;
        return sqlite3_bind_int64(statement, index, number);
    }
    uint32_t len;
    if (tag != 'b' || left < sizeof len)
        return SQLITE_CORRUPT;
    memcpy(&len, *at, sizeof len);
    *at += sizeof len;
    if (len > left - sizeof len)
        return SQLITE_CORRUPT;
    const char *text = (const char *)*at;
    *at += len;
    return sqlite3_bind_text(statement, index, text, (int)len, SQLITE_STATIC);
}

int record_bind(sqlite3_stmt *statement, const uint8_t *bytes, size_t len)
{
    const uint8_t *at = bytes, *end = bytes + len;
    for (int index = 1; at < end; index++) {
        int result = bind_one(statement, index, &at, end);
        if (result != SQLITE_OK)
            return result;
    }
    return SQLITE_OK;
}

/* Bytes of the parameter at the start; 0: malformed. */
static size_t parameter_size(const uint8_t *bytes, size_t len)
{
    uint32_t text;
    size_t size = 1;
    if (len == 0)
        return 0;
    if (*bytes == 'i')
        size += sizeof(int64_t);
    if (*bytes == 'b') {
        if (len < size + sizeof text)
            return 0;
        memcpy(&text, bytes + size, sizeof text);
        size += sizeof text + text;
    }
    return size <= len ? size : 0;
}

size_t record_prefix(const uint8_t *bytes, size_t len, int count)
{
    size_t prefix = 0;
    for (; count > 0; count--) {
        size_t size = parameter_size(bytes + prefix, len - prefix);
        if (size == 0)
            return 0;
        prefix += size;
    }
    return prefix;
}
