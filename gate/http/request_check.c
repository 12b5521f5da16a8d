/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/http/request_check.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/utf8.h"

#define HEADERS_MAX 100
#define GAP_MAX     200 /* blanks between a header's colon and its value */

/* What the headers say about the message's own form. */
struct framing {
    unsigned headers, lengths, codings, hosts;
    const char *fault;
};

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *text)
{
    static const char letters[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *text && text[strspn(text, letters)] == '\0';
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

/* A header stays where it was read, and between its name and its value was a colon, where a NUL is now, and blanks:
 * but one that went on in another line is put together elsewhere (libmicrohttpd 0.9.75, and not wholly: its value is
 * the first line's). RFC 9112, section 5.2, lets a server refuse it. */
static bool is_folded(const char *name, size_t name_len, const char *value)
{
    const char *between = name + name_len + 1;
    return (uintptr_t)value < (uintptr_t)between || (size_t)(value - between) > GAP_MAX ||
           strspn(between, " \t") < (size_t)(value - between);
}

/* Behind a value is the end of its line, of which one NUL or two are left. Behind a NUL of the client's the value goes on, for
 * others than libmicrohttpd. (So it does behind a line feed alone, which is refused with it.) */
static bool goes_on(const char *value, size_t value_len)
{
    return value[value_len + 1] != '\0' && value[value_len + 1] != '\n';
}

static const char *count(struct framing *framing, const char *name, const char *value)
{
    if (++framing->headers > HEADERS_MAX)
        return "there are too many headers";
    if (!is_token(name))
        return "the name of a header has a character that it may not have";
    if (has_control(value))
        return "a header has a control character";
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0)
        return ++framing->lengths > 1 || !is_number(value) ? "Content-Length: one number" : NULL;
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
        return ++framing->codings > 1 || strcasecmp(value, "chunked") != 0 ? "Transfer-Encoding: chunked"
                                                                           : NULL;
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0)
        return ++framing->hosts > 1 ? "Host: one" : NULL;
    return NULL;
}

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                            const char *value, size_t value_len)
{
    struct framing *framing = context;
    (void)kind;
    if (!value || strlen(name) != name_len || strlen(value) != value_len)
        framing->fault = "a header has a NUL, or no value";
    else if (goes_on(value, value_len))
        framing->fault = "a header has a NUL, or ends without CR LF";
    else if (value_len > 0 && is_folded(name, name_len, value))
        framing->fault = "a header goes on in another line";
    else
        framing->fault = count(framing, name, value);
    return framing->fault ? MHD_NO : MHD_YES;
}

const char *request_fault(struct MHD_Connection *connection)
{
    struct framing framing = {0};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look, &framing);
    if (!framing.fault && framing.lengths && framing.codings)
        return "Content-Length and Transfer-Encoding: one of the two";
    return framing.fault;
}

static int digit(char letter)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = letter ? strchr(digits, letter) : NULL;
    return found ? (int)((found - digits) % 16) : -1;
}

/* In place; false: a percent sign stands for nothing. */
static bool resolve(char *text)
{
    char *out = text;
    for (; *text; text++) {
        if (*text != '%') {
            *out++ = *text;
            continue;
        }
        int high = digit(text[1]), low = high < 0 ? -1 : digit(text[2]);
        if (low < 0)
            return false;
        *out++ = (char)(high * 16 + low);
        text += 2;
        if (out[-1] == '\0')
            return false;
    }
    *out = '\0';
    return true;
}

char *request_path(const char *target)
{
    if (target[0] != '/')
        return NULL;
    char *path = strndup(target, strcspn(target, "?#"));
    if (path && resolve(path) && !has_control(path) && utf8_valid(path, strlen(path)))
        return path;
    free(path);
    return NULL;
}
