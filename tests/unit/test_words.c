/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/utf8.h"
#include "lib/words.h"

#define MAX 100000

static struct words *words;
static char error[200];

static int tear_down(void **state)
{
    (void)state;
    words_free(words);
    words = NULL;
    return 0;
}

static void list_bytes(const char *text, size_t len)
{
    words_free(words);
    if (words_read(&words, text, len, NULL, error, sizeof error) != 0)
        fail_msg("%s", error);
}

static void list(const char *text)
{
    list_bytes(text, strlen(text));
}

/* What becomes of a text: itself, what it is replaced by, or "!" when it is refused. */
static void check_within(const char *text, size_t len, size_t max, const char *expected, size_t expected_len)
{
    char *masked = NULL;
    size_t masked_len = 0;
    switch (words_apply(words, text, len, max, &masked, &masked_len)) {
    case WORDS_CLEAN:
        assert_int_equal(len, expected_len);
        assert_memory_equal(text, expected, len);
        break;
    case WORDS_MASKED:
        assert_int_equal(masked_len, expected_len);
        assert_memory_equal(masked, expected, expected_len + 1);
        free(masked);
        break;
    case WORDS_REFUSED:
        assert_string_equal(expected, "!");
        break;
    case WORDS_NO_MEMORY:
        fail();
    }
}

static void check(const char *text, const char *expected)
{
    check_within(text, strlen(text), MAX, expected, strlen(expected));
}

/* Lists */

static void a_list_has_words_masks_comments_and_empty_lines(void **state)
{
    (void)state;
    list("\xef\xbb\xbf"
         "first\n# a comment\n\n  \t\r\nsecond = **\r\n  third word=\n  # no word\nfourth=a=b");
    assert_int_equal(words_count(words), 4);
    check("a first", "!");
    check("a second one", "a ** one");
    check("a third word", "a ");
    check("fourth", "a=b");
    check("# a comment, no word", "# a comment, no word");
}

static void an_empty_list_finds_nothing(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing", "\xef\xbb\xbf", " "};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        list(texts[i]);
        assert_int_equal(words_count(words), 0);
        check("anything at all \xe4\xbd\xa0", "anything at all \xe4\xbd\xa0");
        check("", "");
    }
}

static void a_line_that_is_no_word_is_named(void **state)
{
    static char longest[2 * WORD_MAX + 10];
    const struct {
        const char *text, *error;
    } cases[] = {
        {"good\n=***\n", "line 2: the word before = is missing"},
        {"# x\n\nbad \xff\n", "line 3: it is not a text in UTF-8"},
        {"# \xc3\n", "line 1: it is not a text in UTF-8"},
        {longest, "line 1: the word has 256 bytes, at most 255 are allowed"},
        {longest + WORD_MAX - 1, "line 1: what replaces the word has 256 bytes, at most 255 are allowed"},
    };
    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[WORD_MAX + 1] = '=';
    longest[2 * WORD_MAX + 3] = '\0';
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(words_read(&words, cases[i].text, strlen(cases[i].text), NULL, error, sizeof error),
                         -1);
        assert_string_equal(error, cases[i].error);
        assert_null(words);
    }
    assert_int_equal(words_read(&words, "a\nb\0c", 5, NULL, error, sizeof error), -1);
    assert_string_equal(error, "line 2: it is not a text in UTF-8");
}

static void a_list_that_is_too_long_is_refused(void **state)
{
    char *text = malloc(WORDS_FILE_MAX + 1);
    (void)state;
    assert_non_null(text);
    memset(text, '\n', WORDS_FILE_MAX + 1);
    assert_int_equal(words_read(&words, text, WORDS_FILE_MAX + 1, NULL, error, sizeof error), -1);
    assert_string_equal(error, "it has more than 8388608 bytes");
    list_bytes(text, WORDS_FILE_MAX);
    (void)tear_down(NULL);
    for (size_t i = 0; i < 2 * WORDS_MAX + 2; i += 2)
        text[i] = 'x';
    assert_int_equal(words_read(&words, text, 2 * WORDS_MAX + 2, NULL, error, sizeof error), -1);
    assert_string_equal(error, "line 500001: there are more than 500000 words");
    free(text);
}

static void a_list_of_too_many_characters_is_refused(void **state)
{
    enum { KINDS = 65536, FIRST = 0x10000 };
    char *text = calloc(KINDS, 5), *end = text;
    (void)state;
    assert_non_null(text);
    for (unsigned c = FIRST; c < FIRST + KINDS; c++) {
        const unsigned char bytes[] = {
            (unsigned char)(0xF0 | c >> 18), (unsigned char)(0x80 | (c >> 12 & 0x3F)),
            (unsigned char)(0x80 | (c >> 6 & 0x3F)), (unsigned char)(0x80 | (c & 0x3F)), '\n'};
        end = mempcpy(end, bytes, sizeof bytes);
    }
    assert_int_equal(words_read(&words, text, (size_t)(end - text), NULL, error, sizeof error), -1);
    assert_non_null(strstr(error, "more than 65535 different characters"));
    list_bytes(text, (size_t)(end - text) - 5);
    check("\xf0\x90\x80\x80", "!");
    check("\xf0\x9f\xbf\xbf", "\xf0\x9f\xbf\xbf"); /* the one that was left out */
    free(text);
}

static void a_list_that_is_not_wanted_any_more_is_given_up(void **state)
{
    const atomic_bool stop = true;
    (void)state;
    assert_int_equal(words_read(&words, "a\nb", 3, &stop, error, sizeof error), -1);
    assert_string_equal(error, "");
    assert_null(words);
}

/* Texts */

static void words_are_found_anywhere_and_without_case(void **state)
{
    (void)state;
    list("bad=*\n\xe5\x9d\x8f\xe4\xba\xba=**\nWORSE\n\xc3\x84h");
    check("BaD", "*");
    check("xbadbAdy", "x**y");
    check("\xe6\x98\xaf\xe5\x9d\x8f\xe4\xba\xba\xe5\x90\x97", "\xe6\x98\xaf**\xe5\x90\x97");
    check("\xe5\x9d\x8f", "\xe5\x9d\x8f");
    check("it is worse", "!");
    check("ba d, b\xc3\xa4"
          "d",
          "ba d, b\xc3\xa4"
          "d");
    check("\xc3\x84H", "!");
    check("\xc3\xa4h", "\xc3\xa4h"); /* only ASCII letters are the same */
    check("@[`{", "@[`{");           /* next to the letters, and not folded */
}

static void the_leftmost_and_of_those_the_longest_counts(void **state)
{
    (void)state;
    list("ab=1\nabcd=2\nbc\ncde=3\nd=4\nabcdefgh");
    check("ab", "1");
    check("abc", "1c"); /* bc is covered */
    check("abcd", "2");
    check("abcde", "2e");
    check("abcdefg", "2efg");
    check("abcdefgh", "!");
    check("bcd", "!");
    check("xcded", "x34");
    check("abcab", "1c1");
}

static void the_later_of_two_lines_with_the_same_word_counts(void **state)
{
    (void)state;
    list("one\nONE=1\none=2\ntwo=1\nTwo");
    check("one", "2");
    check("two", "!");
}

static void a_text_may_have_nuls_and_the_largest_character(void **state)
{
    (void)state;
    list("a=x\n\xf4\x8f\xbf\xbf=y");
    check_within("\0a\0", 3, MAX, "\0x\0", 3);
    check("\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbe", "y\xf4\x8f\xbf\xbe");
    check("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
}

static void what_is_too_long_when_replaced_is_refused(void **state)
{
    (void)state;
    list("a=xyz");
    check_within("aa", 2, 6, "xyzxyz", 6);
    check_within("aa", 2, 5, "!", 1);
    check_within("bbbbbb", 6, 5, "bbbbbb", 6); /* nothing is replaced: it is not ours to say */
}

/* Against a search that anybody can read */

#define LIST_MAX 40

static uint64_t seed = 88172645463325252U;

static size_t pick(size_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % below);
}

static const char *const characters[] = {
    "a", "b", "B", "\xc3\xa9", "\xc3\xa8", "\xe4\xbd\xa0", "\xe4\xbd\xa1", "\xf0\x9f\x98\x80", "A"};

static void make_text(char *out, size_t least, size_t most, size_t kinds)
{
    *out = '\0';
    for (size_t n = least + pick(most - least + 1); n > 0; n--)
        strcat(out, characters[pick(kinds)]);
}

static bool same_folded(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i] && !((a[i] | 0x20) == (b[i] | 0x20) && strchr("abAB", a[i])))
            return false;
    return true;
}

static void naive(char *out, const char *text, char list_words[][64], char masks[][4], size_t count)
{
    char *begin = out;
    while (*text) {
        size_t best = count, best_len = 0;
        for (size_t i = 0; i < count; i++) {
            size_t len = strlen(list_words[i]);
            if (len >= best_len && strlen(text) >= len && same_folded(text, list_words[i], len)) {
                best = i;
                best_len = len;
            }
        }
        if (best == count) {
            *out++ = *text++;
        } else if (masks[best][0] == '!') {
            strcpy(begin, "!");
            return;
        } else {
            out = stpcpy(out, masks[best]);
            text += best_len;
        }
    }
    *out = '\0';
}

static void random_lists_find_what_a_plain_search_finds(void **state)
{
    static const char *const choices[] = {"!", "", "*", "xyz"};
    (void)state;
    for (int round = 0; round < 1500; round++) {
        char list_words[LIST_MAX][64], masks[LIST_MAX][4], text[8000] = "", line[1000], expected[1000];
        size_t count = 1 + pick(LIST_MAX), kinds = 1 + pick(COUNT(characters));
        for (size_t i = 0; i < count; i++) {
            make_text(list_words[i], 1, 1 + pick(8), kinds);
            strcpy(masks[i], choices[round % 3 == 0 ? pick(4) : 1 + pick(3)]);
            strcat(text, list_words[i]);
            strcat(strcat(strcat(text, masks[i][0] == '!' ? "" : "="), masks[i][0] == '!' ? "" : masks[i]),
                   "\n");
        }
        list(text);
        for (int n = 0; n < 10; n++) {
            make_text(line, 0, 60, kinds);
            naive(expected, line, list_words, masks, count);
            check(line, expected);
        }
    }
}

/* Much */

static void thousands_of_words_are_all_found(void **state)
{
    enum { WORDS = 30000 };
    char *text = calloc(WORDS, 20), *end = text, word[20], expected[20];
    (void)state;
    assert_non_null(text);
    for (int i = 0; i < WORDS; i++)
        end += sprintf(end, "%x\xe4\xbd\xa0%05d=[%d]\n", i % 977, i, i % 89);
    list(text);
    assert_int_equal(words_count(words), WORDS);
    assert_true(words_bytes(words) < 150 * WORDS);
    for (int i = 0; i < WORDS; i++) {
        sprintf(word, ".%X\xe4\xbd\xa0%05d!", i % 977, i);
        sprintf(expected, ".[%d]!", i % 89);
        check(word, expected);
    }
    free(text);
}

/* One word of 255 bytes and its first letter: whoever starts anew after each letter is slow here. */
static void a_text_of_beginnings_is_read_once(void **state)
{
    enum { LETTERS = 1000000 };
    char list_text[WORD_MAX + 10], *text = malloc(LETTERS + 1), *masked = NULL;
    size_t len;
    (void)state;
    assert_non_null(text);
    memset(list_text, 'a', WORD_MAX);
    strcpy(list_text + WORD_MAX - 1, "b\na=c");
    list(list_text);
    memset(text, 'a', LETTERS);
    assert_int_equal(words_apply(words, text, LETTERS, LETTERS, &masked, &len), WORDS_MASKED);
    assert_int_equal(len, LETTERS);
    assert_int_equal(strspn(masked, "c"), LETTERS);
    free(masked);
    text[LETTERS - 1] = 'b';
    assert_int_equal(words_apply(words, text, LETTERS, LETTERS, &masked, &len), WORDS_REFUSED);
    free(text);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_has_words_masks_comments_and_empty_lines),
        TEST(an_empty_list_finds_nothing),
        TEST(a_line_that_is_no_word_is_named),
        TEST(a_list_that_is_too_long_is_refused),
        TEST(a_list_of_too_many_characters_is_refused),
        TEST(a_list_that_is_not_wanted_any_more_is_given_up),
        TEST(words_are_found_anywhere_and_without_case),
        TEST(the_leftmost_and_of_those_the_longest_counts),
        TEST(the_later_of_two_lines_with_the_same_word_counts),
        TEST(a_text_may_have_nuls_and_the_largest_character),
        TEST(what_is_too_long_when_replaced_is_refused),
        TEST(random_lists_find_what_a_plain_search_finds),
        TEST(thousands_of_words_are_all_found),
        TEST(a_text_of_beginnings_is_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
