/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/payload/stamp.h"

#include <string.h>

#include "acl/identity.h"
#include "lib/put.h"

/* Cut at the longest valid name, so that STAMP_MAX holds whatever comes. */
static char *put_name(char *p, const char *name)
{
    return put_bytes(p, name, strnlen(name, GROUP_ID_MAX));
}

size_t stamp_write(char *buf, const struct stamp *stamp)
{
    char *p = PUT(buf, "{");
    if (stamp->id) {
        p = put_number(PUT(p, "\"id\":"), stamp->id);
        p = PUT(p, ",");
    }
    if (stamp->seq >= 0) {
        p = put_number(PUT(p, "\"seq\":"), stamp->seq);
        p = PUT(p, ",");
    }
    p = put_name(PUT(p, "\"sender\":\""), stamp->sender);
    p = stamp->to ? PUT(p, "\",\"to\":\"") : PUT(p, "\",\"group\":\"");
    p = put_name(p, stamp->to ? stamp->to : stamp->group);
    p = put_number(PUT(p, "\",\"time\":"), stamp->time);
    return (size_t)(PUT(p, ",") - buf);
}

/* What is left of the text. */
struct rest {
    const char *at, *end;
};

static bool take(struct rest *rest, const char *literal)
{
    size_t len = strlen(literal);
    if ((size_t)(rest->end - rest->at) < len || memcmp(rest->at, literal, len) != 0)
        return false;
    rest->at += len;
    return true;
}

static bool take_number(struct rest *rest, int64_t *out)
{
    *out = 0;
    const char *begin = rest->at;
    for (; rest->at < rest->end && rest->at - begin < 18 && *rest->at >= '0' && *rest->at <= '9'; rest->at++)
        *out = *out * 10 + (*rest->at - '0');
    return rest->at > begin && take(rest, ",");
}

static bool take_name(struct rest *rest, char out[GROUP_ID_MAX + 1])
{
    const char *end = memchr(rest->at, '"', (size_t)(rest->end - rest->at));
    if (!end || end - rest->at > GROUP_ID_MAX)
        return false;
    size_t len = (size_t)(end - rest->at);
    memcpy(out, rest->at, len);
    out[len] = '\0';
    rest->at = end;
    return len > 0;
}

static bool take_place(struct rest *rest, struct stamp_place *out)
{
    int64_t seq;
    *out = (struct stamp_place){0};
    if (!take(rest, "{"))
        return false;
    if (take(rest, "\"id\":") && !take_number(rest, &out->id))
        return false;
    if (take(rest, "\"seq\":") && !take_number(rest, &seq))
        return false;
    if (!take(rest, "\"sender\":\"") || !take_name(rest, out->sender))
        return false;
    out->group = take(rest, "\",\"group\":\"");
    return (out->group || take(rest, "\",\"to\":\"")) && take_name(rest, out->to) &&
           take(rest, "\",\"time\":");
}

bool stamp_read(const char *text, size_t len, struct stamp_place *out)
{
    struct rest rest = {text, text + len};
    return take_place(&rest, out);
}

size_t stamp_len(const char *text, size_t len)
{
    struct rest rest = {text, text + len};
    struct stamp_place place;
    int64_t time;
    return take_place(&rest, &place) && take_number(&rest, &time) ? (size_t)(rest.at - text) : 0;
}
