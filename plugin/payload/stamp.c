/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/payload/stamp.h"

#include <string.h>

#include "acl/identity.h"

static char *put_bytes(char *p, const char *bytes, size_t len)
{
    memcpy(p, bytes, len);
    return p + len;
}

#define PUT(p, literal) put_bytes(p, literal, sizeof(literal) - 1)

static char *put_number(char *p, int64_t value)
{
    char digits[20], *end = digits + sizeof(digits), *d = end;
    uint64_t rest = value < 0 ? 0 : (uint64_t)value;
    do {
        *--d = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    return put_bytes(p, d, (size_t)(end - d));
}

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
