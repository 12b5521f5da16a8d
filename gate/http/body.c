/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/http/body.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/basics.h"

/* Where the file system cannot do without a name, it has one for a moment. */
static int open_named(const char *folder)
{
    char path[4096];
    const int len = snprintf(path, sizeof path, "%s/chatgate-XXXXXX", folder);
    int fd = len < (int)sizeof path ? mkostemp(path, O_CLOEXEC) : -1;
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

int body_file_open(const char *folder)
{
    if (!folder)
        folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    return fd >= 0 ? fd : open_named(folder);
}

static bool write_file(struct body *body, const char *data, size_t len)
{
    while (len > 0 && !body->broken) {
        const ssize_t written = write(body->fd, data, len);
        if (written <= 0) {
            body->broken = true;
            break;
        }
        data += written;
        len -= (size_t)written;
        body->len += (uint64_t)written;
    }
    body->len += len;
    return true;
}

static bool write_text(struct body *body, const char *data, size_t len)
{
    if (body->len + len + 1 > body->room) {
        size_t room = (size_t)smaller((int64_t)(body->len + len) * 2 + 1024, (int64_t)body->most + 1);
        char *text = realloc(body->text, room);
        if (!text)
            return false;
        body->text = text;
        body->room = room;
    }
    memcpy(body->text + body->len, data, len);
    body->len += len;
    body->text[body->len] = '\0';
    return true;
}

bool body_take(struct body *body, const char *data, size_t len)
{
    if (body->len + len > body->most) {
        body->len += len;
        return body->len <= body->most + BODY_READ;
    }
    return body->fd >= 0 ? write_file(body, data, len) : write_text(body, data, len);
}

void body_clear(struct body *body)
{
    if (body->fd >= 0)
        close(body->fd);
    free(body->text);
    *body = (struct body){.fd = -1};
}
