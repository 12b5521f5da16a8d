/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/bad.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/folder.h"

#define MAGIC      "CHATBAD\n"
#define MAGIC_LEN  8
#define FORMAT     1
#define REASON_MAX 1000

struct bad_head {
    char magic[MAGIC_LEN];
    uint32_t format, reason_len;
    int64_t time;
    uint64_t position;
    uint32_t records, len;
    uint32_t sum, reserved;
};

_Static_assert(sizeof(struct bad_head) == 48, "part of the format");

static uint32_t checksum(const struct bad_head *head, const void *reason, const void *records)
{
    struct bad_head copy = *head;
    copy.sum = 0;
    uLong sum = crc32(0, (const Bytef *)&copy, sizeof copy);
    sum = crc32(sum, reason, head->reason_len);
    return (uint32_t)crc32(sum, records, head->len);
}

static int write_all(int fd, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static int append(int fd, const struct ring_frame *frame, int64_t time, const char *reason)
{
    struct bad_head head = {.format = FORMAT,
                            .reason_len = (uint32_t)strnlen(reason, REASON_MAX),
                            .time = time,
                            .position = frame->position,
                            .records = frame->records,
                            .len = (uint32_t)frame->len};
    memcpy(head.magic, MAGIC, MAGIC_LEN);
    head.sum = checksum(&head, reason, frame->bytes);
    int error = write_all(fd, &head, sizeof head);
    if (!error)
        error = write_all(fd, reason, head.reason_len);
    if (!error)
        error = write_all(fd, frame->bytes, frame->len);
    return !error && fsync(fd) != 0 ? errno : error;
}

int bad_keep(const char *path, const struct ring_frame *frame, int64_t time, const char *reason)
{
    struct stat before;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return errno;
    int error =
        fstat(fd, &before) != 0 || ((before.st_mode & 007) != 0 && fchmod(fd, before.st_mode & 0770) != 0)
            ? errno
            : 0;
    if (!error && !S_ISREG(before.st_mode))
        error = EINVAL;
    if (!error) {
        error = append(fd, frame, time, reason);
        if (!error && before.st_size == 0)
            error = folder_sync(path);
        if (error && ftruncate(fd, before.st_size) != 0)
            error = errno; /* what stays is half an entry: bad_next steps over it */
    }
    close(fd);
    return error;
}

/* The entry at the start, if it is a whole one; its length, or 0. */
static size_t read_entry(const uint8_t *bytes, size_t len, struct bad_entry *entry)
{
    struct bad_head head;
    if (len < sizeof head)
        return 0;
    memcpy(&head, bytes, sizeof head);
    size_t rest = len - sizeof head;
    if (head.format != FORMAT || head.reason_len > REASON_MAX || head.reason_len > rest ||
        head.len > rest - head.reason_len)
        return 0;
    const uint8_t *reason = bytes + sizeof head, *records = reason + head.reason_len;
    if (head.sum != checksum(&head, reason, records))
        return 0;
    *entry = (struct bad_entry){
        .time = head.time,
        .reason = (const char *)reason,
        .reason_len = head.reason_len,
        .frame = {.position = head.position, .records = head.records, .bytes = records, .len = head.len}};
    return sizeof head + head.reason_len + head.len;
}

bool bad_next(const uint8_t *bytes, size_t len, size_t *offset, struct bad_entry *entry)
{
    for (size_t at = *offset; at < len; at++) {
        const uint8_t *found = memmem(bytes + at, len - at, MAGIC, MAGIC_LEN);
        if (!found)
            return false;
        at = (size_t)(found - bytes);
        size_t size = read_entry(found, len - at, entry);
        if (size > 0) {
            entry->skipped = at - *offset;
            *offset = at + size;
            return true;
        }
    }
    return false;
}
