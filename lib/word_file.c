/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The file that words are read from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/words.h"

struct word_file {
    char *text; /* malloc'ed */
    size_t len; /* of a file that is too long a byte more than is allowed */
    char *error;
    size_t error_size;
};

static int fail(const struct word_file *file, const char *what, const char *why)
{
    snprintf(file->error, file->error_size, "%s%s", what, why);
    return -1;
}

static int read_all(struct word_file *file, int fd)
{
    ssize_t got = 1;
    file->text = malloc(WORDS_FILE_MAX + 1);
    if (!file->text)
        return fail(file, "cannot be read: ", "out of memory");
    while (got > 0 && file->len <= WORDS_FILE_MAX) {
        got = read(fd, file->text + file->len, WORDS_FILE_MAX + 1 - file->len);
        if (got > 0)
            file->len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    return got < 0 ? fail(file, "cannot be read: ", strerror(errno)) : 0;
}

/* O_NONBLOCK and the look at its type: a FIFO is not waited for. */
static int read_file(struct word_file *file, const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(file, "cannot be read: ", strerror(errno));
    bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    int result = regular ? read_all(file, fd) : fail(file, "is not a regular file", "");
    close(fd);
    return result;
}

int words_load(struct words **out, const char *path, const atomic_bool *stop, char *error, size_t error_size)
{
    struct word_file file = {.error = error, .error_size = error_size};
    int result = read_file(&file, path);
    if (result == 0)
        result = words_read(out, file.text, file.len, stop, error, error_size);
    free(file.text);
    return result;
}
