/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Message elements: what becomes of each, and that nothing is lost there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/tencent/elements.h"
#include "lib/basics.h"
#include "lib/json.h"

#define IMAGE(url)                                                                                           \
    "{\"MsgType\":\"TIMImageElem\",\"MsgContent\":{\"UUID\":\"u\",\"ImageFormat\":3,\"ImageInfoArray\":["    \
    "{\"Type\":1,\"URL\":\"" url "\",\"Size\":10,\"Width\":4,\"Height\":3},"                                 \
    "{\"Type\":2,\"URL\":\"" url "\",\"Size\":10,\"Width\":4,\"Height\":3},"                                 \
    "{\"Type\":3,\"URL\":\"http://x/t\",\"Size\":1,\"Width\":2,\"Height\":1}]}}"
#define TEXT(text) "{\"MsgType\":\"TIMTextElem\",\"MsgContent\":{\"Text\":\"" text "\"}}"

static const struct {
    const char *theirs, *ours;
} pairs[] = {
    {"[" TEXT("hi") "]", "{\"text\":\"hi\"}"},
    {"[" TEXT("") "]", "{\"text\":\"\"}"},
    {"[{\"MsgType\":\"TIMFaceElem\",\"MsgContent\":{\"Index\":6,\"Data\":\"abc\"}}]",
     "{\"face\":{\"index\":6,\"data\":\"abc\"}}"},
    {"[{\"MsgType\":\"TIMLocationElem\",\"MsgContent\":{\"Desc\":\"here\",\"Latitude\":52.5,\"Longitude\":-"
     "13.25}}]",
     "{\"location\":{\"desc\":\"here\",\"latitude\":52.5,\"longitude\":-13.25}}"},
    {"[{\"MsgType\":\"TIMCustomElem\",\"MsgContent\":{\"Data\":\"d\",\"Desc\":\"e\",\"Ext\":\"x\",\"Sound\":"
     "\"s\"}}]",
     "{\"custom\":{\"data\":\"d\",\"desc\":\"e\",\"ext\":\"x\",\"sound\":\"s\"}}"},
    {"[{\"MsgType\":\"TIMSoundElem\",\"MsgContent\":{\"Url\":\"http://x/"
     "s\",\"UUID\":\"u\",\"Size\":7,\"Second\":3,"
     "\"Download_Flag\":2}}]",
     "{\"sound\":{\"url\":\"http://x/s\",\"uuid\":\"u\",\"size\":7,\"seconds\":3}}"},
    {"[{\"MsgType\":\"TIMFileElem\",\"MsgContent\":{\"Url\":\"http://x/f\",\"UUID\":\"u\",\"FileSize\":7,"
     "\"FileName\":\"f.txt\",\"Download_Flag\":2}}]",
     "{\"file\":{\"url\":\"http://x/f\",\"uuid\":\"u\",\"size\":7,\"name\":\"f.txt\"}}"},
    {"[{\"MsgType\":\"TIMVideoFileElem\",\"MsgContent\":{\"VideoUrl\":\"http://x/"
     "v\",\"VideoUUID\":\"u\",\"VideoSize\":9,"
     "\"VideoSecond\":5,\"VideoFormat\":\"mp4\",\"VideoDownloadFlag\":2,\"ThumbUrl\":\"http://x/"
     "t\",\"ThumbUUID\":\"w\","
     "\"ThumbSize\":1,\"ThumbWidth\":2,\"ThumbHeight\":3,\"ThumbFormat\":\"jpg\"}}]",
     "{\"video\":{\"url\":\"http://x/"
     "v\",\"uuid\":\"u\",\"size\":9,\"seconds\":5,\"format\":\"mp4\",\"thumb\":{"
     "\"url\":\"http://x/t\",\"uuid\":\"w\",\"size\":1,\"width\":2,\"height\":3,\"format\":\"jpg\"}}}"},
    {"[" IMAGE("http://x/i") "]", "{\"image\":{\"uuid\":\"u\",\"format\":\"png\",\"url\":\"http://x/"
                                  "i\",\"size\":10,\"width\":4,\"height\":3,"
                                  "\"thumb\":{\"url\":\"http://x/t\",\"size\":1,\"width\":2,\"height\":1}}}"},
    {"[" IMAGE("data:application/octet-stream;base64,aGk=") "]",
     "{\"image\":{\"uuid\":\"u\",\"format\":\"png\",\"data\":\"aGk=\",\"size\":10,\"width\":4,\"height\":3,"
     "\"thumb\":{\"url\":\"http://x/t\",\"size\":1,\"width\":2,\"height\":1}}}"},
    {"[{\"MsgType\":\"TIMRelayElem\",\"MsgContent\":{\"Title\":\"t\",\"AbstractList\":[\"a\"],\"MsgList\":[{"
     "\"k\":1}],"
     "\"CompatibleText\":\"c\",\"MsgNum\":1}}]",
     "{\"merger\":{\"title\":\"t\",\"abstracts\":[\"a\"],\"messages\":[{\"k\":1}],\"compatibleText\":\"c\","
     "\"count\":1}}"},
    {"[" TEXT("look: ") "," IMAGE("http://x/i") "]",
     "{\"elements\":[{\"text\":\"look: "
     "\"},{\"image\":{\"uuid\":\"u\",\"format\":\"png\",\"url\":\"http://x/i\","
     "\"size\":10,\"width\":4,\"height\":3,\"thumb\":{\"url\":\"http://x/"
     "t\",\"size\":1,\"width\":2,\"height\":1}}}]}"},
};

static cJSON *read(const char *text)
{
    cJSON *tree = json_read(text, strlen(text));
    assert_non_null(tree);
    return tree;
}

static void assert_same(const cJSON *one, const cJSON *other)
{
    if (cJSON_Compare(one, other, true))
        return;
    print_error("%s\n%s\n", cJSON_PrintUnformatted(one), cJSON_PrintUnformatted(other));
    fail();
}

static void test_each_element_becomes_its_content(void **state)
{
    char error[200];
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        cJSON *theirs = read(pairs[i].theirs), *ours = read(pairs[i].ours), *made = cJSON_CreateObject();
        assert_true(elements_read(theirs, made, error, sizeof error));
        assert_same(made, ours);
        cJSON_Delete(theirs);
        cJSON_Delete(ours);
        cJSON_Delete(made);
    }
}

static void test_each_content_becomes_its_element(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        cJSON *theirs = read(pairs[i].theirs), *ours = read(pairs[i].ours), *made = elements_write(ours);
        assert_same(made, theirs);
        cJSON_Delete(theirs);
        cJSON_Delete(ours);
        cJSON_Delete(made);
    }
}

static void assert_refused(const char *theirs, const char *wanted)
{
    char error[200];
    cJSON *tree = read(theirs), *made = cJSON_CreateObject();
    assert_false(elements_read(tree, made, error, sizeof error));
    assert_string_equal(error, wanted);
    cJSON_Delete(tree);
    cJSON_Delete(made);
}

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    assert_refused("[]", "MsgBody: must be a list of 1 to 10 elements");
    assert_refused("[1]", "MsgBody: there is no MsgType that is no text");
    assert_refused("[{\"MsgType\":\"TIMNoElem\"}]", "MsgBody: there is no MsgType TIMNoElem");
    assert_refused("[{\"MsgType\":\"TIMTextElem\"}]", "MsgBody: TIMTextElem: MsgContent must be an object");
    assert_refused("[{\"MsgType\":\"TIMTextElem\",\"MsgContent\":{}}]",
                   "MsgBody: TIMTextElem: Text must be a text");
    assert_refused("[{\"MsgType\":\"TIMSoundElem\",\"MsgContent\":{\"Size\":\"x\"}}]",
                   "MsgBody: TIMSoundElem: Size must be a number");
    assert_refused("[{\"MsgType\":\"TIMImageElem\",\"MsgContent\":{}}]",
                   "MsgBody: TIMImageElem: ImageInfoArray must be a list with the original (Type 1)");
}

static void test_numbers_may_be_in_quotes(void **state)
{
    char error[200];
    (void)state;
    cJSON *theirs = read("[{\"MsgType\":\"TIMSoundElem\",\"MsgContent\":{\"Url\":\"u\",\"Size\":\"7\"}}]");
    cJSON *ours = read("{\"sound\":{\"url\":\"u\",\"size\":7}}"), *made = cJSON_CreateObject();
    assert_true(elements_read(theirs, made, error, sizeof error));
    assert_same(made, ours);
    cJSON_Delete(theirs);
    cJSON_Delete(ours);
    cJSON_Delete(made);
}

/* In quotes or not. */
static void test_numbers_out_of_all_proportion_are_of_no_picture_and_no_format(void **state)
{
    char error[200];
    (void)state;
    cJSON *theirs =
        read("[{\"MsgType\":\"TIMImageElem\",\"MsgContent\":{\"ImageFormat\":1e300,\"ImageInfoArray\":["
             "{\"Type\":\"1e200\",\"URL\":\"x\"},{\"Type\":1,\"URL\":\"u\"}]}}]");
    cJSON *ours = read("{\"image\":{\"url\":\"u\"}}"), *made = cJSON_CreateObject();
    assert_true(elements_read(theirs, made, error, sizeof error));
    assert_same(made, ours);
    cJSON_Delete(theirs);
    cJSON_Delete(ours);
    cJSON_Delete(made);
}

static void test_a_picture_without_an_original_has_its_large_one(void **state)
{
    char error[200];
    (void)state;
    cJSON *theirs = read(
        "[{\"MsgType\":\"TIMImageElem\",\"MsgContent\":{\"ImageInfoArray\":[{\"Type\":2,\"URL\":\"l\"}]}}]");
    cJSON *ours = read("{\"image\":{\"url\":\"l\"}}"), *made = cJSON_CreateObject();
    assert_true(elements_read(theirs, made, error, sizeof error));
    assert_same(made, ours);
    cJSON_Delete(theirs);
    cJSON_Delete(ours);
    cJSON_Delete(made);
}

static void test_what_has_no_content_has_no_elements(void **state)
{
    (void)state;
    cJSON *ours = read("{\"id\":7,\"recalled\":true}"), *made = elements_write(ours);
    assert_int_equal(cJSON_GetArraySize(made), 0);
    cJSON_Delete(ours);
    cJSON_Delete(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_element_becomes_its_content),
        cmocka_unit_test(test_each_content_becomes_its_element),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_numbers_may_be_in_quotes),
        cmocka_unit_test(test_numbers_out_of_all_proportion_are_of_no_picture_and_no_format),
        cmocka_unit_test(test_a_picture_without_an_original_has_its_large_one),
        cmocka_unit_test(test_what_has_no_content_has_no_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
