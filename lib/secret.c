/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* `text` has room for SECRET_BYTES_MAX + 1 bytes. */
static const char *read_fault(int fd, char *text)
{
    size_t len = 0;
    ssize_t n = 0;
    do {
        n = read(fd, text + len, SECRET_BYTES_MAX + 1 - len);
        if (n > 0)
            len += (size_t)n;
    } while (len <= SECRET_BYTES_MAX && (n > 0 || (n < 0 && errno == EINTR)));
    if (n < 0)
        return "cannot be read";
    if (len == 0 || len > SECRET_BYTES_MAX)
        return len ? "is larger than 64 KiB" : "is empty: it has no key";
    text[len] = '\0';
    return strlen(text) == len ? NULL : "has a NUL byte";
}

char *secret_read(const char *path, char fault[SECRET_FAULT_MAX])
{
    /* O_NONBLOCK: a FIFO must be refused, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(fault, SECRET_FAULT_MAX, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    char *text = calloc(1, SECRET_BYTES_MAX + 1);
    const char *found = text ? file_fault(fd) : "cannot be read: out of memory";
    if (!found)
        found = read_fault(fd, text);
    close(fd);
    if (!found)
        return text;
    snprintf(fault, SECRET_FAULT_MAX, "%s", found);
    if (text)
        OPENSSL_cleanse(text, SECRET_BYTES_MAX + 1);
    free(text);
    return NULL;
}

void secret_free(char *secret)
{
    if (secret)
        OPENSSL_cleanse(secret, strlen(secret));
    free(secret);
}
