/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off: cmocka.h needs the four headers above */
#include <cmocka.h>
/* clang-format on */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/usersig.h"

#define KEY      "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
#define SDKAPPID 1400000000
#define USER     "xiaojun"
#define CREATED  1700000000
#define EXPIRE   15552000
#define END      (CREATED + EXPIRE)

/* The vector of the contract, member by member. */
#define VER   "\"TLS.ver\":\"2.0\""
#define ID    "\"TLS.identifier\":\"xiaojun\""
#define APP   "\"TLS.sdkappid\":1400000000"
#define TIME  "\"TLS.time\":1700000000"
#define LIFE  "\"TLS.expire\":15552000"
#define SIG   "\"TLS.sig\":\"LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4=\""
#define START "{" VER "," ID "," APP "," TIME "," LIFE ","
#define GOOD  START SIG "}"

static const struct keys keys = {1, {KEY}};

static char *encode(const void *bytes, size_t len)
{
    char *text = malloc(len / 3 * 4 + 5);

    assert_non_null(text);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '*' : *c == '/' ? '-' : *c == '=' ? '_' : *c;
    return text;
}

/* The bytes of a userSig; *len is their number. The decoder is the test's own, bit by bit. */
static unsigned char *decode(const char *text, size_t *len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-";
    unsigned char *bytes = malloc(strlen(text) + 1);
    unsigned bits = 0, count = 0;

    assert_non_null(bytes);
    *len = 0;
    for (; *text && *text != '_'; text++) {
        const char *digit = strchr(digits, *text);
        assert_non_null(digit);
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[(*len)++] = (unsigned char)(bits >> count);
        }
    }
    return bytes;
}

static char *deflate_bytes(const void *data, size_t len, int level, size_t *packed_len)
{
    uLongf size = compressBound((uLong)len);
    char *packed = malloc(size + 16);

    assert_non_null(packed);
    assert_int_equal(compress2((unsigned char *)packed, &size, data, (uLong)len, level), Z_OK);
    *packed_len = size;
    return packed;
}

static char *pack_level(const void *data, size_t len, int level)
{
    size_t packed_len;
    char *packed = deflate_bytes(data, len, level, &packed_len);
    char *text = encode(packed, packed_len);

    free(packed);
    return text;
}

static char *pack(const char *json)
{
    return pack_level(json, strlen(json), Z_DEFAULT_COMPRESSION);
}

static int verify(const char *userSig)
{
    struct usersig out;

    return usersig_verify(userSig, USER, SDKAPPID, &keys, CREATED, &out);
}

static int verify_take(char *userSig_take)
{
    int code = verify(userSig_take);

    free(userSig_take);
    return code;
}

static void assert_json(const char *json, int code)
{
    int got = verify_take(pack(json));

    if (got != code)
        fail_msg("%d instead of %d for %s", got, code, json);
}

static bool shaped_take(char *text_take)
{
    bool shaped = usersig_shaped(text_take);

    free(text_take);
    return shaped;
}

static void sign(const char *key, const char *text, char sig[45])
{
    unsigned char mac[32];

    assert_non_null(
        HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), mac, NULL));
    EVP_EncodeBlock((unsigned char *)sig, mac, 32);
}

static void the_vector_of_the_contract_verifies(void **state)
{
    struct usersig out = {0};
    char *text = pack(GOOD);

    (void)state;
    assert_int_equal(usersig_verify(text, USER, SDKAPPID, &keys, CREATED, &out), CODE_OK);
    assert_int_equal(out.created, CREATED);
    assert_int_equal(out.expires, END);
    free(text);
}

static void the_vector_is_what_minting_makes(void **state)
{
    char *text = usersig_mint(USER, SDKAPPID, CREATED, EXPIRE, NULL, 0, &keys);
    char json[USERSIG_INFLATED_MAX];
    uLongf json_len = sizeof json;
    size_t len;

    (void)state;
    unsigned char *bytes = decode(text, &len);
    assert_int_equal(uncompress((unsigned char *)json, &json_len, bytes, (uLong)len), Z_OK);
    assert_int_equal(json_len, strlen(GOOD));
    assert_memory_equal(json, GOOD, json_len);
    free(bytes);
    free(text);
}

static void what_is_empty_is_70002(void **state)
{
    (void)state;
    assert_int_equal(verify(NULL), CODE_SIG_EMPTY);
    assert_int_equal(verify(""), CODE_SIG_EMPTY);
}

static void what_is_no_userSig_is_70003(void **state)
{
    static const char *const texts[] = {"secret", "eJxx", "____", "_", "A", "AAA_", " ", "eJyrVi"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(verify(texts[i]), CODE_SIG_MALFORMED);
}

static int verify_as(const char *json, const char *user, int64_t sdkappid, int64_t now)
{
    struct usersig out = {-7, -7};
    char *text = pack(json);
    int code = usersig_verify(text, user, sdkappid, &keys, now, &out);

    free(text);
    if (code != CODE_OK) {
        assert_int_equal(out.created, -7);
        assert_int_equal(out.expires, -7);
    }
    return code;
}

static void another_sdkappid_is_70014(void **state)
{
    (void)state;
    assert_int_equal(verify_as(GOOD, USER, SDKAPPID + 1, CREATED), CODE_SIG_OTHER_APP);
}

static void another_user_is_70013(void **state)
{
    (void)state;
    assert_int_equal(verify_as(GOOD, "xiaojun2", SDKAPPID, CREATED), CODE_SIG_OTHER_USER);
    assert_int_equal(verify_as(GOOD, "xiaoju", SDKAPPID, CREATED), CODE_SIG_OTHER_USER);
    assert_int_equal(verify_as(GOOD, "Xiaojun", SDKAPPID, CREATED), CODE_SIG_OTHER_USER);
    assert_int_equal(verify_as(GOOD, "", SDKAPPID, CREATED), CODE_SIG_OTHER_USER);
}

static void the_second_of_expiry_is_still_valid(void **state)
{
    (void)state;
    assert_int_equal(verify_as(GOOD, USER, SDKAPPID, END), CODE_OK);
}

static void the_second_after_expiry_is_70001(void **state)
{
    (void)state;
    assert_int_equal(verify_as(GOOD, USER, SDKAPPID, END + 1), CODE_SIG_EXPIRED);
}

static void one_made_more_than_five_minutes_from_now_is_70003(void **state)
{
    const int64_t now = CREATED - USERSIG_AHEAD_MAX;
    struct usersig out = {0};
    char *text = pack(GOOD);
    (void)state;
    assert_int_equal(usersig_verify(text, USER, SDKAPPID, &keys, now, &out), CODE_OK);
    out.created = 0;
    assert_int_equal(usersig_verify(text, USER, SDKAPPID, &keys, now - 1, &out), CODE_SIG_MALFORMED);
    assert_int_equal(out.created, CREATED);
    free(text);
}

static void another_key_is_70009(void **state)
{
    static const struct keys other = {2, {"another", "5bd2"}};
    struct usersig out;
    char *text = pack(GOOD);

    (void)state;
    assert_int_equal(usersig_verify(text, USER, SDKAPPID, &other, CREATED, &out), CODE_SIG_WRONG_KEY);
    free(text);
}

static void without_keys_nothing_verifies(void **state)
{
    static const struct keys none = {0};
    struct usersig out;
    char *text = pack(GOOD);

    (void)state;
    assert_int_equal(usersig_verify(text, USER, SDKAPPID, &none, CREATED, &out), CODE_SIG_WRONG_KEY);
    free(text);
}

static void a_signature_must_be_complete(void **state)
{
    (void)state;
    assert_json(START "\"TLS.sig\":\"\"}", CODE_SIG_WRONG_KEY);
    assert_json(START "\"TLS.sig\":\"LvA7\"}", CODE_SIG_WRONG_KEY);
    assert_json(START "\"TLS.sig\":\"LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4=x\"}", CODE_SIG_WRONG_KEY);
    assert_json(START "\"TLS.sig\":\"LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B5=\"}", CODE_SIG_WRONG_KEY);
}

/* Every check but the last fails in this one; each correction uncovers the next. */
static void the_checks_come_in_the_order_of_the_contract(void **state)
{
    const char *bad = "{" VER "," ID "," APP "," TIME "," LIFE ",\"TLS.sig\":\"no\"}";

    (void)state;
    assert_int_equal(verify_as("{}", "bob", 1, END + 1), CODE_SIG_MALFORMED);
    assert_int_equal(verify_as(bad, "bob", 1, END + 1), CODE_SIG_OTHER_APP);
    assert_int_equal(verify_as(bad, "bob", SDKAPPID, END + 1), CODE_SIG_OTHER_USER);
    assert_int_equal(verify_as(bad, USER, SDKAPPID, END + 1), CODE_SIG_EXPIRED);
    assert_int_equal(verify_as(bad, USER, SDKAPPID, END), CODE_SIG_WRONG_KEY);
}

static void members_come_in_any_order(void **state)
{
    (void)state;
    assert_json("{" SIG "," LIFE "," TIME "," APP "," ID "," VER "}", CODE_OK);
    assert_json("{" APP "," VER "," SIG "," TIME "," ID "," LIFE "}", CODE_OK);
}

static void every_member_but_userbuf_is_required(void **state)
{
    static const char *const texts[] = {
        "{" ID "," APP "," TIME "," LIFE "," SIG "}",
        "{" VER "," APP "," TIME "," LIFE "," SIG "}",
        "{" VER "," ID "," TIME "," LIFE "," SIG "}",
        "{" VER "," ID "," APP "," LIFE "," SIG "}",
        "{" VER "," ID "," APP "," TIME "," SIG "}",
        "{" VER "," ID "," APP "," TIME "," LIFE "}",
        START "\"TLS.SIG\":\"LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4=\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_json(texts[i], CODE_SIG_MALFORMED);
}

static void unknown_members_are_accepted(void **state)
{
    (void)state;
    assert_json(START "\"n\":-1e999,\"long\":0."
                      "10000000000000000000000000000000000000000000000000000000000000000000000000," SIG "}",
                CODE_OK);
    assert_json(START "\"tls.sig\":1,\"x\":{\"TLS.sig\":\":{[\\\"\",\"y\":[1.5,-1e3]},\"\":null," SIG "}",
                CODE_OK);
}

static void white_space_around_and_inside_is_accepted(void **state)
{
    (void)state;
    assert_json(GOOD " \t\r\n", CODE_OK);
    assert_json("\n {\t" VER " ,\r\n" ID "," APP " , \"TLS.time\" :\n1700000000 ," LIFE "," SIG " }",
                CODE_OK);
}

static void escaped_names_and_values_are_the_same_names_and_values(void **state)
{
    (void)state;
    assert_json("{" VER ",\"TLS\\u002eidentifier\":\"xiaoju\\u006e\"," APP "," TIME "," LIFE "," SIG "}",
                CODE_OK);
}

static void only_white_space_may_follow_the_json(void **state)
{
    char with_nul[] = GOOD "\0";

    (void)state;
    assert_json(GOOD "x", CODE_SIG_MALFORMED);
    assert_json(GOOD "{}", CODE_SIG_MALFORMED);
    assert_json(GOOD "\v", CODE_SIG_MALFORMED);
    assert_int_equal(verify_take(pack_level(with_nul, sizeof with_nul - 1, 6)), CODE_SIG_MALFORMED);
}

static void what_is_not_strictly_json_is_70003(void **state)
{
    static const char *const texts[] = {
        "[]",
        "\"TLS.identifier\"",
        "null",
        START SIG ",}",
        START SIG,
        "{" VER "," ID "," APP "," TIME "," LIFE " " SIG "}",
        "{" VER "," ID ",\"TLS.sdkappid\":01400000000," TIME "," LIFE "," SIG "}",
        "{" VER "," ID ",\"TLS.sdkappid\":+1400000000," TIME "," LIFE "," SIG "}",
        START "\"x\":\"a\tb\"," SIG "}",
        START "\"x\":\"\xff\"," SIG "}",
        START "\"x\":\"\\ud800\"," SIG "}",
        "\xef\xbb\xbf" GOOD,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_json(texts[i], CODE_SIG_MALFORMED);
}

static void a_name_twice_is_70003(void **state)
{
    (void)state;
    assert_json("{" ID "," VER "," ID "," APP "," TIME "," LIFE "," SIG "}", CODE_SIG_MALFORMED);
    assert_json(START SIG ",\"TLS.time\":1}", CODE_SIG_MALFORMED);
    assert_json(START SIG ",\"TLS.tim\\u0065\":1}", CODE_SIG_MALFORMED);
    assert_json(START "\"x\":1,\"a\":1,\"x\":2," SIG "}", CODE_SIG_MALFORMED);
}

static void a_member_of_the_wrong_type_is_70003(void **state)
{
    static const char *const texts[] = {
        "{\"TLS.ver\":2.0," ID "," APP "," TIME "," LIFE "," SIG "}",
        "{" VER ",\"TLS.identifier\":7," APP "," TIME "," LIFE "," SIG "}",
        "{" VER "," ID ",\"TLS.sdkappid\":\"1400000000\"," TIME "," LIFE "," SIG "}",
        "{" VER "," ID "," APP ",\"TLS.time\":[1700000000]," LIFE "," SIG "}",
        "{" VER "," ID "," APP "," TIME ",\"TLS.expire\":true," SIG "}",
        START "\"TLS.sig\":null}",
        START "\"TLS.userbuf\":null," SIG "}",
        START "\"TLS.userbuf\":1," SIG "}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_json(texts[i], CODE_SIG_MALFORMED);
}

static void another_version_is_70003(void **state)
{
    (void)state;
    assert_json("{\"TLS.ver\":\"1.0\"," ID "," APP "," TIME "," LIFE "," SIG "}", CODE_SIG_MALFORMED);
    assert_json("{\"TLS.ver\":\"2.00\"," ID "," APP "," TIME "," LIFE "," SIG "}", CODE_SIG_MALFORMED);
    assert_json("{\"TLS.ver\":\"\"," ID "," APP "," TIME "," LIFE "," SIG "}", CODE_SIG_MALFORMED);
}

static void a_control_character_in_the_identifier_is_70003(void **state)
{
    (void)state;
    assert_json("{" VER ",\"TLS.identifier\":\"xiaojun\\n\"," APP "," TIME "," LIFE "," SIG "}",
                CODE_SIG_MALFORMED);
    assert_json("{" VER ",\"TLS.identifier\":\"\\u007f\"," APP "," TIME "," LIFE "," SIG "}",
                CODE_SIG_MALFORMED);
    assert_json("{" VER ",\"TLS.identifier\":\"\\u001f\"," APP "," TIME "," LIFE "," SIG "}",
                CODE_SIG_MALFORMED);
}

static void an_escaped_nul_does_not_end_the_identifier(void **state)
{
    (void)state;
    assert_json("{" VER ",\"TLS.identifier\":\"xiaojun\\u0000x\"," APP "," TIME "," LIFE "," SIG "}",
                CODE_SIG_MALFORMED);
    assert_json(START "\"x\":\"\\\\u0000\"," SIG "}", CODE_OK);
}

static int verify_number(const char *number)
{
    char json[1024];

    snprintf(json, sizeof json, "{" VER "," ID ",\"TLS.sdkappid\":%s," TIME "," LIFE "," SIG "}", number);
    return verify_take(pack(json));
}

static void numbers_are_whole_and_in_0_to_2_53(void **state)
{
    static const char *const good[] = {"0", "1", "9007199254740991", "9007199254740992", "1e3", "12.0"};
    static const char *const bad[] = {"-1",    "-0",     "1.5",  "9007199254740993",     "9007199254740992.5",
                                      "1e400", "-1e400", "1e16", "18446744073709551616", "1400000000.5"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(verify_number(good[i]), CODE_SIG_OTHER_APP);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (verify_number(bad[i]) != CODE_SIG_MALFORMED)
            fail_msg("%s is accepted", bad[i]);
}

static void a_whole_number_is_signed_as_an_integer_however_it_is_written(void **state)
{
    (void)state;
    assert_json("{" VER "," ID ",\"TLS.sdkappid\":1.4e9,\"TLS.time\":1700000000.0," LIFE "," SIG "}",
                CODE_OK);
}

static void the_largest_times_do_not_overflow(void **state)
{
    char sig[45], json[1024];
    struct usersig out;

    (void)state;
    sign(KEY,
         "TLS.identifier:xiaojun\nTLS.sdkappid:1400000000\nTLS.time:9007199254740992\n"
         "TLS.expire:9007199254740992\n",
         sig);
    snprintf(json, sizeof json,
             "{" VER "," ID "," APP
             ",\"TLS.time\":9007199254740992,\"TLS.expire\":9007199254740992,\"TLS.sig\":\"%s\"}",
             sig);
    char *text = pack(json);
    assert_int_equal(
        usersig_verify(text, USER, SDKAPPID, &keys, USERSIG_NUMBER_MAX - USERSIG_AHEAD_MAX, &out), CODE_OK);
    assert_int_equal(out.expires, 2 * USERSIG_NUMBER_MAX);
    free(text);
}

static void every_deflate_level_is_accepted(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++) /* 0: stored blocks */
        assert_int_equal(verify_take(pack_level(GOOD, strlen(GOOD), level)), CODE_OK);
}

/* The good JSON with white space behind it, `len` bytes in all. */
static char *pack_padded(size_t len, int level)
{
    char *json = malloc(len);

    assert_non_null(json);
    memset(json, ' ', len);
    memcpy(json, GOOD, strlen(GOOD));
    char *text = pack_level(json, len, level);
    free(json);
    return text;
}

static void eight_kib_inflated_are_accepted_and_a_byte_more_is_not(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++) {
        assert_int_equal(verify_take(pack_padded(8192, level)), CODE_OK);
        assert_int_equal(verify_take(pack_padded(8193, level)), CODE_SIG_MALFORMED);
    }
}

static double seconds_for(const char *text)
{
    clock_t start = clock();

    for (int i = 0; i < 100; i++)
        assert_int_equal(verify(text), CODE_SIG_MALFORMED);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void a_bomb_is_refused_quickly(void **state)
{
    static const size_t sizes[] = {11 * 1024 * 1024,
                                   100 * 1024 * 1024}; /* the first fits in 16 KiB of text */

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *text = pack_padded(sizes[i], 9);
        assert_true(seconds_for(text) < 1.0);
        free(text);
    }
}

static void text_over_16_kib_is_70003_unread(void **state)
{
    char *text = malloc(16384 + 5);

    (void)state;
    assert_non_null(text);
    memset(text, 'A', 16384 + 4);
    text[16384 + 4] = '\0';
    assert_int_equal(verify(text), CODE_SIG_MALFORMED);
    assert_false(usersig_shaped(text));
    free(text);
}

static void many_members_are_checked_quickly(void **state)
{
    char json[8192];
    size_t len = (size_t)snprintf(json, sizeof json, "%s", START);

    (void)state;
    for (int i = 0; len < 8000; i++)
        len += (size_t)snprintf(json + len, sizeof json - len, "\"%x\":0,", i);
    snprintf(json + len, sizeof json - len, "%s", SIG "}");
    clock_t start = clock();
    for (int i = 0; i < 20; i++)
        assert_json(json, CODE_OK);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 1.0);
}

static void bytes_behind_the_stream_are_70003(void **state)
{
    size_t len;
    char *packed = deflate_bytes(GOOD, strlen(GOOD), 6, &len);

    (void)state;
    for (size_t more = 1; more < 5; more++) {
        packed[len + more - 1] = '\0';
        assert_int_equal(verify_take(encode(packed, len + more)), CODE_SIG_MALFORMED);
    }
    free(packed);
}

static void a_truncated_stream_is_70003(void **state)
{
    size_t len;
    char *packed = deflate_bytes(GOOD, strlen(GOOD), 6, &len);

    (void)state;
    for (size_t cut = 1; cut < len; cut++)
        assert_int_equal(verify_take(encode(packed, len - cut)), CODE_SIG_MALFORMED);
    free(packed);
}

static void only_tencents_alphabet_is_accepted(void **state)
{
    static const char tencents[] = "*-_", ordinary[] = "+/=";

    (void)state;
    for (int i = 0; i < 3; i++) {
        char *text = NULL, *found = NULL;
        for (size_t len = 8192; !found; len--) { /* until each of the three occurs */
            free(text);
            text = pack_padded(len, 6);
            found = strchr(text, tencents[i]);
        }
        assert_int_equal(verify(text), CODE_OK);
        *found = ordinary[i];
        assert_int_equal(verify_take(text), CODE_SIG_MALFORMED);
    }
}

static void white_space_around_the_text_is_70003(void **state)
{
    char *good = pack(GOOD), text[1024];

    (void)state;
    static const char *const formats[] = {" %s", "%s ", "%s\n", "    %s", "%s    ", "%s\r\n  ", "%s____"};
    for (size_t i = 0; i < COUNT(formats); i++) {
        snprintf(text, sizeof text, formats[i], good);
        assert_int_equal(verify(text), CODE_SIG_MALFORMED);
    }
    free(good);
}

static bool inflates_to_good(const char *text)
{
    char json[USERSIG_INFLATED_MAX];
    uLongf json_len = sizeof json;
    size_t len;
    unsigned char *bytes = decode(text, &len);
    int result = uncompress((unsigned char *)json, &json_len, bytes, (uLong)len);

    free(bytes);
    return result == Z_OK && json_len == strlen(GOOD) && memcmp(json, GOOD, json_len) == 0;
}

/* Some bits at the ends of base64 and of deflate mean nothing: a change there leaves the JSON as it is. */
static void no_changed_byte_of_a_userSig_goes_unseen(void **state)
{
    char *good = pack(GOOD), *text = strdup(good);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; good[i]; i++) {
        for (int c = 1; c < 256; c++) {
            text[i] = (char)c;
            if (text[i] != good[i] && verify(text) == CODE_OK && !inflates_to_good(text))
                fail_msg("byte %zu as %d is accepted", i, c);
        }
        text[i] = good[i];
    }
    free(text);
    free(good);
}

static void no_changed_byte_of_the_json_goes_unseen(void **state)
{
    char json[] = GOOD;

    (void)state;
    for (size_t i = 0; json[i]; i++) {
        json[i] ^= 1;
        assert_int_not_equal(verify_take(pack_level(json, strlen(json), 1)), CODE_OK);
        json[i] ^= 1;
    }
}

static void the_base64_of_a_userbuf_is_signed(void **state)
{
    char sig[45], json[1024];

    (void)state;
    sign(KEY,
         "TLS.identifier:xiaojun\nTLS.sdkappid:1400000000\nTLS.time:1700000000\nTLS.expire:15552000\n"
         "TLS.userbuf:YWJj\n",
         sig);
    snprintf(json, sizeof json, START "\"TLS.userbuf\":\"YWJj\",\"TLS.sig\":\"%s\"}", sig);
    assert_json(json, CODE_OK);
    snprintf(json, sizeof json, START "\"TLS.userbuf\":\"YWJk\",\"TLS.sig\":\"%s\"}", sig);
    assert_json(json, CODE_SIG_WRONG_KEY);
    snprintf(json, sizeof json, START "\"TLS.sig\":\"%s\"}", sig);
    assert_json(json, CODE_SIG_WRONG_KEY);
    assert_json(START "\"TLS.userbuf\":\"YWJj\"," SIG "}", CODE_SIG_WRONG_KEY);
}

static void every_key_verifies_and_the_first_signs(void **state)
{
    static const struct keys fresh = {1, {"new"}}, rotated = {3, {"new", KEY, "older"}};
    struct usersig out;
    char *old = pack(GOOD), *minted = usersig_mint(USER, SDKAPPID, CREATED, EXPIRE, NULL, 0, &rotated);

    (void)state;
    assert_int_equal(usersig_verify(old, USER, SDKAPPID, &rotated, CREATED, &out), CODE_OK);
    assert_int_equal(usersig_verify(old, USER, SDKAPPID, &fresh, CREATED, &out), CODE_SIG_WRONG_KEY);
    assert_int_equal(usersig_verify(minted, USER, SDKAPPID, &fresh, CREATED, &out), CODE_OK);
    assert_int_equal(verify(minted), CODE_SIG_WRONG_KEY);
    free(minted);
    free(old);
}

static void what_is_minted_verifies(void **state)
{
    static const unsigned char userbuf[] = {0, 255, '"', '\n', 7};
    struct usersig out;

    (void)state;
    for (size_t len = 0; len <= sizeof userbuf; len++) {
        char *text = usersig_mint("a.b@c-d_E", 1, 5, 10, len ? userbuf : NULL, len, &keys);
        assert_int_equal(usersig_verify(text, "a.b@c-d_E", 1, &keys, 15, &out), CODE_OK);
        assert_int_equal(out.created, 5);
        assert_int_equal(out.expires, 15);
        free(text);
    }
}

static void an_empty_userbuf_is_present(void **state)
{
    char *with = usersig_mint(USER, SDKAPPID, CREATED, EXPIRE, "", 0, &keys);
    char *without = usersig_mint(USER, SDKAPPID, CREATED, EXPIRE, NULL, 0, &keys);

    (void)state;
    assert_string_not_equal(with, without);
    assert_int_equal(verify(with), CODE_OK);
    free(with);
    free(without);
}

static void nothing_is_minted_that_would_not_verify(void **state)
{
    static const struct keys none = {0};
    static const char userbuf[8192];

    (void)state;
    assert_null(usersig_mint("", 1, 1, 1, NULL, 0, &keys));
    assert_null(usersig_mint("a b", 1, 1, 1, NULL, 0, &keys));
    assert_null(usersig_mint("a\"", 1, 1, 1, NULL, 0, &keys));
    assert_null(usersig_mint("a23456789012345678901234567890123", 1, 1, 1, NULL, 0, &keys));
    assert_null(usersig_mint("a", -1, 1, 1, NULL, 0, &keys));
    assert_null(usersig_mint("a", 1, -1, 1, NULL, 0, &keys));
    assert_null(usersig_mint("a", 1, 1, USERSIG_NUMBER_MAX + 1, NULL, 0, &keys));
    assert_null(usersig_mint("a", 1, 1, 1, userbuf, sizeof userbuf, &keys));
    assert_null(usersig_mint("a", 1, 1, 1, userbuf, SIZE_MAX, &keys));
    assert_null(usersig_mint("a", 1, 1, 1, NULL, 0, &none));
}

static void a_refused_userSig_is_still_shaped_like_one(void **state)
{
    (void)state;
    assert_true(shaped_take(pack(GOOD)));
    assert_true(shaped_take(pack("{\"TLS.identifier\":7}")));
    assert_true(shaped_take(pack("{\"TLS\\u002eidentifier\":\"\"}")));
    assert_true(shaped_take(pack("{" ID "," ID "}")));
    assert_true(shaped_take(pack("{\"TLS.identifier\":\"\\u0000\"}")));
    assert_true(shaped_take(pack_padded(8193, 6)));
}

static void a_password_is_not_shaped_like_a_userSig(void **state)
{
    (void)state;
    assert_false(usersig_shaped(NULL));
    assert_false(usersig_shaped(""));
    assert_false(usersig_shaped("secret"));
    assert_false(usersig_shaped("c2VjcmV0"));
    assert_false(usersig_shaped(GOOD));
    assert_false(shaped_take(pack("secret")));
    assert_false(shaped_take(pack("{\"x\":\"TLS.identifier\"}")));
    assert_false(shaped_take(pack("[{" ID "}]")));
    assert_false(shaped_take(pack("{\"tls.identifier\":\"a\"}")));
}

static void bytes_behind_the_stream_leave_it_shaped(void **state)
{
    size_t len;
    char *packed = deflate_bytes(GOOD, strlen(GOOD), 6, &len);

    (void)state;
    packed[len] = 'x';
    assert_true(shaped_take(encode(packed, len + 1)));
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_the_contract_verifies),
        cmocka_unit_test(the_vector_is_what_minting_makes),
        cmocka_unit_test(what_is_empty_is_70002),
        cmocka_unit_test(what_is_no_userSig_is_70003),
        cmocka_unit_test(another_sdkappid_is_70014),
        cmocka_unit_test(another_user_is_70013),
        cmocka_unit_test(the_second_of_expiry_is_still_valid),
        cmocka_unit_test(the_second_after_expiry_is_70001),
        cmocka_unit_test(one_made_more_than_five_minutes_from_now_is_70003),
        cmocka_unit_test(another_key_is_70009),
        cmocka_unit_test(without_keys_nothing_verifies),
        cmocka_unit_test(a_signature_must_be_complete),
        cmocka_unit_test(the_checks_come_in_the_order_of_the_contract),
        cmocka_unit_test(members_come_in_any_order),
        cmocka_unit_test(every_member_but_userbuf_is_required),
        cmocka_unit_test(unknown_members_are_accepted),
        cmocka_unit_test(white_space_around_and_inside_is_accepted),
        cmocka_unit_test(escaped_names_and_values_are_the_same_names_and_values),
        cmocka_unit_test(only_white_space_may_follow_the_json),
        cmocka_unit_test(what_is_not_strictly_json_is_70003),
        cmocka_unit_test(a_name_twice_is_70003),
        cmocka_unit_test(a_member_of_the_wrong_type_is_70003),
        cmocka_unit_test(another_version_is_70003),
        cmocka_unit_test(a_control_character_in_the_identifier_is_70003),
        cmocka_unit_test(an_escaped_nul_does_not_end_the_identifier),
        cmocka_unit_test(numbers_are_whole_and_in_0_to_2_53),
        cmocka_unit_test(a_whole_number_is_signed_as_an_integer_however_it_is_written),
        cmocka_unit_test(the_largest_times_do_not_overflow),
        cmocka_unit_test(every_deflate_level_is_accepted),
        cmocka_unit_test(eight_kib_inflated_are_accepted_and_a_byte_more_is_not),
        cmocka_unit_test(a_bomb_is_refused_quickly),
        cmocka_unit_test(text_over_16_kib_is_70003_unread),
        cmocka_unit_test(many_members_are_checked_quickly),
        cmocka_unit_test(bytes_behind_the_stream_are_70003),
        cmocka_unit_test(a_truncated_stream_is_70003),
        cmocka_unit_test(only_tencents_alphabet_is_accepted),
        cmocka_unit_test(white_space_around_the_text_is_70003),
        cmocka_unit_test(no_changed_byte_of_a_userSig_goes_unseen),
        cmocka_unit_test(no_changed_byte_of_the_json_goes_unseen),
        cmocka_unit_test(the_base64_of_a_userbuf_is_signed),
        cmocka_unit_test(every_key_verifies_and_the_first_signs),
        cmocka_unit_test(what_is_minted_verifies),
        cmocka_unit_test(an_empty_userbuf_is_present),
        cmocka_unit_test(nothing_is_minted_that_would_not_verify),
        cmocka_unit_test(a_refused_userSig_is_still_shaped_like_one),
        cmocka_unit_test(a_password_is_not_shaped_like_a_userSig),
        cmocka_unit_test(bytes_behind_the_stream_leave_it_shaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
