/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/say.h"
#include "lib/secret.h"

/* Cuts the next word off; NULL: there is none. */
static char *next_word(char **rest)
{
    char *word = strsep(rest, " \n");
    return word && *word ? word : NULL;
}

static char *parse(char *text, const char *key_id, const char *team_id, int64_t *made)
{
    const char *key = next_word(&text), *team = next_word(&text), *when = next_word(&text);
    const char *token = next_word(&text);
    if (!token || strcmp(key, key_id) != 0 || strcmp(team, team_id) != 0)
        return NULL;
    *made = strtoll(when, NULL, 10);
    return strdup(token);
}

char *token_file_read(const char *path, const char *key_id, const char *team_id, int64_t *made)
{
    char fault[SECRET_FAULT_MAX];
    if (access(path, F_OK) != 0)
        return NULL;
    char *text = secret_read(path, fault);
    char *token = text ? parse(text, key_id, team_id, made) : NULL;
    if (!text)
        say_line("%s %s; it is not used", path, fault);
    secret_free(text);
    return token;
}

static bool write_line(int fd, const char *line)
{
    size_t len = strlen(line);
    return write(fd, line, len) == (ssize_t)len && fsync(fd) == 0;
}

static bool replace(const char *path, const char *beside, const char *line)
{
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = write_line(fd, line);
    if (close(fd) == 0 && written && rename(beside, path) == 0)
        return true;
    unlink(beside);
    return false;
}

void token_file_write(const char *path, const char *key_id, const char *team_id, int64_t made,
                      const char *token)
{
    char *beside = NULL, *line = NULL;
    errno = ENOMEM;
    if (asprintf(&beside, "%s.%ld", path, (long)getpid()) < 0)
        beside = NULL;
    if (asprintf(&line, "%s %s %lld %s\n", key_id, team_id, (long long)made, token) < 0)
        line = NULL;
    if (beside)
        unlink(beside); /* of a process of this number that died */
    if (!beside || !line || !replace(path, beside, line))
        say_line("%s cannot be written: %s. The provider token will not outlive this process", path,
                 strerror(errno));
    free(beside);
    secret_free(line);
}
