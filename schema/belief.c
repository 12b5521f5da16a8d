/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/belief.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_MS 86400000LL

static bool agree(int64_t one, int64_t two)
{
    return llabs(one - two) <= BELIEF_TOLERANCE_MS;
}

/* Of a date as a number; far away for what is none. */
static int64_t begin_of_day(int64_t date)
{
    struct tm day = {.tm_year = (int)(date / 10000) - 1900,
                     .tm_mon = (int)(date / 100 % 100) - 1,
                     .tm_mday = (int)(date % 100)};
    return (int64_t)timegm(&day) * 1000;
}

/* Those who write down a date have one of the time zones. */
static bool is_checked(int64_t wall, int64_t date)
{
    int64_t begin = date == 0 ? 0 : begin_of_day(date);
    return date != 0 && wall >= begin - DAY_MS && wall < begin + 2 * DAY_MS;
}

/* The first look since the machine was started: it was down for less than a day, or nothing is known. */
static bool is_plausible(const struct belief *belief, int64_t wall)
{
    return belief->time == 0 || (wall >= belief->time && wall - belief->time <= DAY_MS);
}

static enum belief_news believe(struct belief *belief, int64_t ahead, enum belief_news news)
{
    bool silent = news == BELIEF_RETURNED && !belief->doubted;
    belief->ahead = ahead;
    belief->known = true;
    belief->doubted = false;
    return silent ? BELIEF_SAME : news;
}

enum belief_news belief_look(struct belief *belief, int64_t wall, int64_t boot, int64_t checked)
{
    int64_t ahead = wall - boot;
    if (belief->known ? agree(ahead, belief->ahead) : is_plausible(belief, wall))
        return believe(belief, ahead, BELIEF_RETURNED);
    if (is_checked(wall, checked))
        return believe(belief, ahead, BELIEF_CHANGED);
    if (!belief->doubted || !agree(ahead, belief->doubtful)) {
        belief->doubted = true;
        belief->doubtful = ahead;
        belief->since = boot;
        return BELIEF_SHAKEN;
    }
    belief->doubtful = ahead;
    return boot - belief->since >= DAY_MS ? believe(belief, ahead, BELIEF_CHANGED) : BELIEF_SAME;
}

int64_t belief_expected(const struct belief *belief, int64_t boot)
{
    return belief->known ? boot + belief->ahead : belief->time;
}

static void read_row(struct belief *belief, sqlite3_stmt *row, const char *boot_id)
{
    const char *of = (const char *)sqlite3_column_text(row, 1);
    *belief = (struct belief){.time = sqlite3_column_int64(row, 0)};
    if (boot_id[0] == '\0' || !of || strcmp(of, boot_id) != 0)
        return;
    belief->known = sqlite3_column_type(row, 2) != SQLITE_NULL;
    belief->ahead = sqlite3_column_int64(row, 2);
    belief->doubted = sqlite3_column_type(row, 3) != SQLITE_NULL;
    belief->doubtful = sqlite3_column_int64(row, 3);
    belief->since = sqlite3_column_int64(row, 4);
}

int belief_load(struct belief *belief, sqlite3 *db, const char *boot_id, char *error, size_t error_size)
{
    sqlite3_stmt *row = NULL;
    int result =
        sqlite3_prepare_v2(db, "SELECT time, boot_id, ahead, doubtful, since FROM clock", -1, &row, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(row);
    if (result == SQLITE_ROW)
        read_row(belief, row, boot_id);
    else
        snprintf(error, error_size, "database: what is known of the clock cannot be read: %s",
                 sqlite3_errmsg(db));
    sqlite3_finalize(row);
    return result == SQLITE_ROW ? 0 : -1;
}

bool belief_save(const struct belief *belief, sqlite3 *db, const char *boot_id, int64_t boot)
{
    sqlite3_stmt *row;
    if (sqlite3_prepare_v2(db,
                           "UPDATE clock SET time = ?1, boot_id = ?2, ahead = ?3, doubtful = ?4, since = ?5",
                           -1, &row, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_int64(row, 1, belief_expected(belief, boot));
    sqlite3_bind_text(row, 2, boot_id, -1, SQLITE_STATIC);
    if (belief->known)
        sqlite3_bind_int64(row, 3, belief->ahead);
    if (belief->doubted)
        sqlite3_bind_int64(row, 4, belief->doubtful);
    sqlite3_bind_int64(row, 5, belief->since);
    int result = sqlite3_step(row);
    sqlite3_finalize(row);
    return result == SQLITE_DONE;
}
