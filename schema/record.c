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

/* Takes a number or length from the start of what is left; false: there is not enough. */
static bool take(const uint8_t **at, const uint8_t *end, void *out, size_t size)
{
    if ((size_t)(end - *at) < size)
        return false;
    memcpy(out, *at, size);
    *at += size;
    return true;
}

bool record_next(const uint8_t *bytes, size_t len, size_t *offset, struct record_parameter *parameter)
{
    const uint8_t *at = bytes + *offset, *end = bytes + len;
    *parameter = (struct record_parameter){0};
    if (!take(&at, end, &parameter->kind, 1))
        return false;
    switch (parameter->kind) {
    case 'n':
        break;
    case 'i':
        if (!take(&at, end, &parameter->number, sizeof parameter->number))
            return false;
        break;
    case 'b':
        if (!take(&at, end, &parameter->len, sizeof parameter->len) || parameter->len > (size_t)(end - at))
            return false;
        parameter->text = (const char *)at;
        at += parameter->len;
        break;
    default:
        return false;
    }
    *offset = (size_t)(at - bytes);
    return true;
}
