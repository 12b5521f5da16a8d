/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/profile.h"

#include <stdlib.h>
#include <string.h>

#include "schema/store.h"

struct profile *profile_make(const char *nickname, const char *face_url, const char *self_signature)
{
    size_t bytes = strlen(nickname) + strlen(face_url) + strlen(self_signature) + 3;
    struct profile *profile = malloc(sizeof *profile + bytes);
    if (!profile)
        return NULL;
    char *end = profile->texts;
    profile->nickname = end;
    end = stpcpy(end, nickname) + 1;
    profile->face_url = end;
    end = stpcpy(end, face_url) + 1;
    profile->self_signature = end;
    stpcpy(end, self_signature);
    return profile;
}

bool profile_read(sqlite3_stmt *row, int first, struct profile **out)
{
    const char *nickname = store_text(row, first), *face_url = store_text(row, first + 1);
    const char *self_signature = store_text(row, first + 2);
    *out = NULL;
    if (!nickname[0] && !face_url[0] && !self_signature[0])
        return true;
    *out = profile_make(nickname, face_url, self_signature);
    return *out != NULL;
}
