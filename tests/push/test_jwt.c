/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Signatures are verified by openssl's command in the tests with servers; here the shape and the refusals. */
#include "push/jwt.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_algorithm(EVP_PKEY *key, const char *wanted)
{
    assert_non_null(key);
    const char *algorithm = jwt_algorithm(key);
    assert_string_equal(algorithm ? algorithm : "none", wanted);
    EVP_PKEY_free(key);
}

static void only_p256_and_long_rsa_keys_sign(void **state)
{
    (void)state;
    assert_algorithm(EVP_EC_gen("P-256"), "ES256");
    assert_algorithm(EVP_EC_gen("P-384"), "none");
    assert_algorithm(EVP_RSA_gen(2048), "RS256");
    assert_algorithm(EVP_RSA_gen(1024), "none");
    assert_algorithm(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "none");
}

static void assert_shape(EVP_PKEY *key, size_t signature_len)
{
    char *token = jwt_make(key, "{\"alg\":\"x\"}", "{\"iss\":\"?\?>>\"}");
    assert_non_null(token);
    const char *signature = strrchr(token, '.');
    assert_int_equal(strncmp(token, "eyJhbGciOiJ4In0.eyJpc3MiOiI_Pz4-In0.",
                             strlen("eyJhbGciOiJ4In0.eyJpc3MiOiI_Pz4-In0.")),
                     0);
    assert_int_equal(strlen(signature + 1), signature_len);
    assert_int_equal(
        strspn(signature + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        signature_len);
    free(token);
}

/* r and s are shorter than 32 bytes once in 128 times; the signature never is. */
static void a_signature_of_a_curve_has_always_64_bytes(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    for (int i = 0; i < 500; i++)
        assert_shape(key, 86);
    EVP_PKEY_free(key);
}

static void a_signature_of_rsa_has_the_length_of_its_key(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    assert_shape(key, 342);
    EVP_PKEY_free(key);
}

static void a_key_of_another_kind_makes_no_token(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_null(jwt_make(key, "{}", "{}"));
    EVP_PKEY_free(key);
}

static char *print_pem(EVP_PKEY *key, const EVP_CIPHER *cipher)
{
    char *text = NULL, *data;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, "secret", 6, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &data);
    text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

static void a_key_is_read_from_pem_unless_it_wants_a_passphrase(void **state)
{
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256"), *read;
    char *plain = print_pem(key, NULL), *locked = print_pem(key, EVP_aes_128_cbc());
    read = jwt_key_read(plain);
    assert_int_equal(EVP_PKEY_eq(key, read), 1);
    assert_null(jwt_key_read(locked));
    assert_null(jwt_key_read("no key"));
    EVP_PKEY_free(read);
    EVP_PKEY_free(key);
    free(plain);
    free(locked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_p256_and_long_rsa_keys_sign),
        cmocka_unit_test(a_signature_of_a_curve_has_always_64_bytes),
        cmocka_unit_test(a_signature_of_rsa_has_the_length_of_its_key),
        cmocka_unit_test(a_key_of_another_kind_makes_no_token),
        cmocka_unit_test(a_key_is_read_from_pem_unless_it_wants_a_passphrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
