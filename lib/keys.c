/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 65536
#define BLANKS         " \t\r\v\f"

static const char *file_fault(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return "cannot be examined";
    if (!S_ISREG(st.st_mode))
        return "is not a regular file";
    if (st.st_mode & 007)
        return "is open to others: take their permissions away (chmod o=)";
    return NULL;
}

/* Returns the number of bytes, at most `size`, or -1. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, buf + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

/* Cuts white space off both ends of the line, in place. */
static char *trim(char *line)
{
    line += strspn(line, BLANKS);
    size_t len = strlen(line);
    while (len > 0 && strchr(BLANKS, line[len - 1]))
        len--;
    line[len] = '\0';
    return line;
}

/* NULL, or what is wrong with the line. */
static const char *add_line(struct keys *keys, char *line)
{
    const char *key = trim(line);

    if (key[0] == '\0' || key[0] == '#')
        return NULL;
    size_t len = strlen(key);
    if (len > KEY_BYTES_MAX)
        return "has a key longer than 256 bytes";
    if (keys->count == KEYS_MAX)
        return "has more than 16 keys";
    memcpy(keys->key[keys->count++], key, len + 1);
    return NULL;
}

/* Takes `text` apart; buf[len] is NUL. NULL, or what is wrong with it. */
static const char *parse(struct keys *keys, char *text, size_t len)
{
    const char *fault = NULL;
    char *rest = text, *line;

    if (len > FILE_BYTES_MAX)
        return "is larger than 64 KiB";
    if (memchr(text, '\0', len))
        return "has a NUL byte";
    while (!fault && (line = strsep(&rest, "\n")))
        fault = add_line(keys, line);
    return fault || keys->count > 0 ? fault : "has no key";
}

/* `text` has room for FILE_BYTES_MAX + 2 bytes. NULL, or what is wrong. */
static const char *load(struct keys *keys, int fd, char *text)
{
    const char *fault = file_fault(fd);
    if (fault)
        return fault;
    ssize_t len = read_all(fd, text, FILE_BYTES_MAX + 1);
    if (len < 0)
        return "cannot be read";
    text[len] = '\0';
    return parse(keys, text, (size_t)len);
}

int keys_load(struct keys *keys, const char *path, char *error, size_t error_size)
{
    struct keys loaded = {0};
    int result = 0;

    /* O_NONBLOCK: a FIFO must be refused, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(error, error_size, "the key file %s cannot be opened: %s", path, strerror(errno));
        return -1;
    }
    char *text = malloc(FILE_BYTES_MAX + 2);
    const char *fault = text ? load(&loaded, fd, text) : "cannot be read: out of memory";
    if (fault) {
        snprintf(error, error_size, "the key file %s %s", path, fault);
        result = -1;
    } else {
        *keys = loaded;
    }
    if (text) {
        OPENSSL_cleanse(text, FILE_BYTES_MAX + 2);
        free(text);
    }
    OPENSSL_cleanse(&loaded, sizeof loaded);
    close(fd);
    return result;
}

void keys_clear(struct keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}
