/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/record_bind.h"

#include "schema/record.h"

static int bind_one(sqlite3_stmt *statement, int index, const struct record_parameter *parameter)
{
    if (parameter->kind == 'i')
        return sqlite3_bind_int64(statement, index, parameter->number);
    if (parameter->kind == 'n')
        return sqlite3_bind_null(statement, index);
    return sqlite3_bind_text(statement, index, parameter->text, (int)parameter->len, SQLITE_STATIC);
}

int record_bind(sqlite3_stmt *statement, const uint8_t *bytes, size_t len)
{
    struct record_parameter parameter;
    size_t offset = 0;
    int result = SQLITE_OK;
    for (int index = 1; result == SQLITE_OK && record_next(bytes, len, &offset, &parameter); index++)
        result = bind_one(statement, index, &parameter);
    return result == SQLITE_OK && offset < len ? RECORD_MALFORMED : result;
}
