/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/record.h"
#include "schema/record_bind.h"

struct record {
    uint8_t *bytes; /* of exactly that size, so that a sanitizer sees a step over its end */
    size_t len;
    char *last;
};

static struct record make(const char *format, ...)
{
    struct record record = {0};
    va_list list;
    va_start(list, format);
    record.len = record_size(format, list);
    record.bytes = malloc(record.len + (record.len == 0));
    assert_non_null(record.bytes);
    record.last = record_write(record.bytes, format, list);
    va_end(list);
    return record;
}

static sqlite3_stmt *prepare(sqlite3 **db, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(":memory:", db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(*db, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static int bind(const char *sql, const uint8_t *bytes, size_t len)
{
    sqlite3 *db;
    sqlite3_stmt *statement = prepare(&db, sql);
    int result = record_bind(statement, bytes, len);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return result;
}

static void test_parameters_arrive_as_they_were_put(void **state)
{
    (void)state;
    sqlite3 *db;
    sqlite3_stmt *s = prepare(&db, "SELECT ?1, ?2, ?3, ?4, ?5, ?6");
    struct record r = make("itbtbi", INT64_MIN, "text", "a\0b", (size_t)3, NULL, "", (size_t)0, (int64_t)-1);
    assert_int_equal(record_bind(s, r.bytes, r.len), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_true(sqlite3_column_int64(s, 0) == INT64_MIN);
    assert_string_equal((const char *)sqlite3_column_text(s, 1), "text");
    assert_int_equal(sqlite3_column_bytes(s, 2), 3);
    assert_memory_equal(sqlite3_column_text(s, 2), "a\0b", 3);
    assert_int_equal(sqlite3_column_type(s, 3), SQLITE_NULL);
    assert_int_equal(sqlite3_column_type(s, 4), SQLITE_TEXT);
    assert_int_equal(sqlite3_column_bytes(s, 4), 0);
    assert_int_equal(sqlite3_column_int(s, 5), -1);
    sqlite3_finalize(s);
    sqlite3_close(db);
    free(r.bytes);
}

static void test_the_place_of_the_last_text_is_returned(void **state)
{
    (void)state;
    struct record r = make("tbi", "first", "last", (size_t)4, (int64_t)7);
    assert_memory_equal(r.last, "last", 4);
    assert_true(r.last > (char *)r.bytes && r.last + 4 <= (char *)r.bytes + r.len);
    free(r.bytes);
    r = make("it", (int64_t)7, NULL);
    assert_null(r.last);
    free(r.bytes);
}

static void test_a_record_without_parameters_is_empty_and_binds_nothing(void **state)
{
    (void)state;
    struct record r = make("");
    assert_int_equal(r.len, 0);
    assert_int_equal(bind("SELECT ?1", r.bytes, r.len), SQLITE_OK);
    free(r.bytes);
}

static void test_parameters_left_out_are_null(void **state)
{
    (void)state;
    sqlite3 *db;
    sqlite3_stmt *s = prepare(&db, "SELECT ?1, ?2");
    struct record r = make("i", (int64_t)1);
    assert_int_equal(record_bind(s, r.bytes, r.len), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_int_equal(sqlite3_column_type(s, 1), SQLITE_NULL);
    sqlite3_finalize(s);
    sqlite3_close(db);
    free(r.bytes);
}

static void test_more_parameters_than_the_statement_takes_are_an_error(void **state)
{
    (void)state;
    struct record r = make("ii", (int64_t)1, (int64_t)2);
    assert_int_equal(bind("SELECT ?1", r.bytes, r.len), SQLITE_RANGE);
    free(r.bytes);
}

static void test_a_record_cut_anywhere_inside_a_parameter_is_malformed(void **state)
{
    (void)state;
    struct record r = make("itb", (int64_t)5, "text", "blob", (size_t)4);
    const size_t whole[] = {0, 9, 18, 27};
    for (size_t len = 0; len <= r.len; len++) {
        uint8_t *cut = malloc(len + (len == 0));
        assert_non_null(cut);
        memcpy(cut, r.bytes, len);
        bool ends = false;
        for (size_t i = 0; i < 4; i++)
            ends = ends || whole[i] == len;
        assert_int_equal(bind("SELECT ?1, ?2, ?3", cut, len), ends ? SQLITE_OK : RECORD_MALFORMED);
        free(cut);
    }
    free(r.bytes);
}

static void test_an_unknown_tag_is_malformed(void **state)
{
    (void)state;
    const uint8_t bytes[] = {'x', 0, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(bind("SELECT ?1", bytes, sizeof bytes), RECORD_MALFORMED);
}

static void test_a_length_beyond_the_record_is_malformed(void **state)
{
    (void)state;
    const uint8_t bytes[] = {'b', 0xff, 0xff, 0xff, 0xff, 'a'};
    assert_int_equal(bind("SELECT ?1", bytes, sizeof bytes), RECORD_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_arrive_as_they_were_put),
        cmocka_unit_test(test_the_place_of_the_last_text_is_returned),
        cmocka_unit_test(test_a_record_without_parameters_is_empty_and_binds_nothing),
        cmocka_unit_test(test_parameters_left_out_are_null),
        cmocka_unit_test(test_more_parameters_than_the_statement_takes_are_an_error),
        cmocka_unit_test(test_a_record_cut_anywhere_inside_a_parameter_is_malformed),
        cmocka_unit_test(test_an_unknown_tag_is_malformed),
        cmocka_unit_test(test_a_length_beyond_the_record_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
