/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sha256.h"

static void a_digest_is_that_of_fips_180(void **state)
{
    (void)state;
    char hex[2 * SHA256_BYTES + 1];
    sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, test case 2. */
static void a_short_key_signs_as_rfc_4231_says(void **state)
{
    (void)state;
    char hex[2 * SHA256_BYTES + 1];
    hmac_sha256_hex("Jefe", "what do ya want for nothing?", hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 4231, test case 7: longer than a block of the digest. */
static void a_long_key_signs_as_rfc_4231_says(void **state)
{
    (void)state;
    char hex[2 * SHA256_BYTES + 1], key[132];
    memset(key, 0xaa, sizeof key - 1);
    key[sizeof key - 1] = '\0';
    hmac_sha256_hex(key,
                    "This is a test using a larger than block-size key and a larger than block-size data. "
                    "The key needs to be hashed before being used by the HMAC algorithm.",
                    hex);
    assert_string_equal(hex, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_that_of_fips_180),
        cmocka_unit_test(a_short_key_signs_as_rfc_4231_says),
        cmocka_unit_test(a_long_key_signs_as_rfc_4231_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
