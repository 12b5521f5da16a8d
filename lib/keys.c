/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/keys.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "lib/secret.h"

#define BLANKS " \t\r\v\f"

/* A line without the white space at both its ends. */
static const char *trim(const char *line, size_t *len)
{
    size_t start = strspn(line, BLANKS), end = strcspn(line, "\n");
    while (end > start && strchr(BLANKS, line[end - 1]))
        end--;
    *len = end - start;
    return line + start;
}

/* NULL, or what is wrong with the line. */
static const char *add_line(struct keys *keys, const char *line)
{
    size_t len;
    const char *key = trim(line, &len);
    if (len == 0 || key[0] == '#')
        return NULL;
    if (len > KEY_BYTES_MAX)
        return "has a key longer than 256 bytes";
    if (keys->count == KEYS_MAX)
        return "has more than 16 keys";
    memcpy(keys->key[keys->count++], key, len);
    return NULL;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

/* `keys` is {0}. NULL, or what is wrong with the text. */
static const char *parse(struct keys *keys, const char *text)
{
    const char *fault = NULL;
    for (const char *line = text; !fault && line; line = next_line(line))
        fault = add_line(keys, line);
    return fault || keys->count > 0 ? fault : "has no key";
}

int keys_load(struct keys *keys, const char *path, char *error, size_t error_size)
{
    struct keys loaded = {0};
    char unreadable[SECRET_FAULT_MAX];
    char *text = secret_read(path, unreadable);
    const char *fault = text ? parse(&loaded, text) : unreadable;
    if (fault)
        snprintf(error, error_size, "the key file %s %s", path, fault);
    else
        *keys = loaded;
    secret_free(text);
    OPENSSL_cleanse(&loaded, sizeof loaded);
    return fault ? -1 : 0;
}

void keys_clear(struct keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}
