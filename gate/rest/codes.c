/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/codes.h"

#include <stddef.h>

#include "acl/code.h"
#include "gate/broker/asks.h"
#include "lib/basics.h"

#define FAMILIES (FAMILY_MUTE + 1)

/* 0: the broker's own. */
struct code_row {
    int code;
    int theirs[FAMILIES]; /* account, message, group, profile, sns, recent, mute */
};

static const struct code_row rows[] = {
    {ASK_LOST, {REST_LOST, REST_LOST, REST_LOST, REST_LOST, REST_LOST, REST_LOST, REST_LOST}},
    {CODE_BUSY, {70500, 90994, 10002, 40006, 30006, 50003, 130013}},
    {CODE_BAD_REQUEST, {70402, 90001, 10004, 40001, 30001, 50001, 130004}},
    {CODE_NO_USER, {70107, 90012, 10019, 40003, 30003, 50002, 130006}},
    {CODE_BAD_MESSAGE, {0, 90002, 10004, 0, 0, 0, 0}},
    {CODE_RESERVED_MEMBER, {0, 90010, 10004, 0, 0, 0, 0}},
};

static const int *theirs(int code)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].code == code)
            return rows[i].theirs;
    return NULL;
}

int rest_code(enum rest_family family, int code)
{
    const int *found = theirs(code);
    return found && found[family] != 0 ? found[family] : code;
}

int rest_field_code(enum rest_family family)
{
    return rest_code(family, CODE_BAD_REQUEST);
}

int rest_internal_code(enum rest_family family)
{
    return rest_code(family, CODE_BUSY);
}
