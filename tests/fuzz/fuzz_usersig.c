/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* userSigs. The first byte of the input says whether the rest is one (t), or the JSON text that is in one (j). What must
 * hold: nobody gets in by one that our key has not signed; whose it is said to be is a userID; one that we mint is
 * good for its user, in its time, and for nobody else. */
#include <openssl/evp.h>
#include <zlib.h>

#include "acl/code.h"
#include "lib/usersig.h"
#include "tests/fuzz/fuzz.h"

#define SDKAPPID 1400000000
#define NOW      1700000100

static const struct keys keys = {1, {"a key that no seed is signed with"}};

/* As whoever has no key can: deflated, in Tencent's Base64. */
static char *pack(const uint8_t *data, size_t size)
{
    uLongf len = compressBound((uLong)size);
    unsigned char *packed = malloc(len);
    char *text = malloc(len / 3 * 4 + 5);
    HOLDS(packed && text && compress(packed, &len, data, (uLong)size) == Z_OK);
    EVP_EncodeBlock((unsigned char *)text, packed, (int)len);
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '*' : *c == '/' ? '-' : *c == '=' ? '_' : *c;
    free(packed);
    return text;
}

static void is_good_for_its_user_alone(const char *user)
{
    struct usersig made;
    char *minted = usersig_mint(user, SDKAPPID, NOW, 60, NULL, 0, &keys);
    char said[USER_ID_MAX + 1];
    HOLDS(minted);
    HOLDS(usersig_verify(minted, user, SDKAPPID, &keys, NOW, &made) == CODE_OK);
    HOLDS(made.created == NOW && made.expires == NOW + 60);
    HOLDS(usersig_shaped(minted) && usersig_user(minted, said) && strcmp(said, user) == 0);
    HOLDS(usersig_verify(minted, user, SDKAPPID, &keys, NOW + 61, &made) != CODE_OK);
    HOLDS(usersig_verify(minted, user, SDKAPPID + 1, &keys, NOW, &made) != CODE_OK);
    HOLDS(usersig_verify(minted, "other.than-all@fuzz", SDKAPPID, &keys, NOW, &made) != CODE_OK);
    free(minted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct usersig sig;
    char user[USER_ID_MAX + 1];
    const uint8_t form = fuzz_byte(&data, &size);
    char *text = form == 'j' ? pack(data, size) : fuzz_text(data, size);
    HOLDS(usersig_verify(text, "xiaojun", SDKAPPID, &keys, NOW, &sig) != CODE_OK);
    const bool shaped = usersig_shaped(text);
    if (usersig_user(text, user)) {
        HOLDS(shaped && user_id_valid(user, strlen(user)));
        HOLDS(usersig_verify(text, user, SDKAPPID, &keys, NOW, &sig) != CODE_OK);
        is_good_for_its_user_alone(user);
    }
    free(text);
    return 0;
}
