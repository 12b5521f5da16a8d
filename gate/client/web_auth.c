/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/web_auth.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "acl/code.h"
#include "gate/http/exchange.h"
#include "lib/text.h"
#include "lib/usersig.h"

#define BASIC  "Basic "
#define BEARER "Bearer "
#define PLAIN  (USER_ID_MAX + 1 + SIG_MAX)

/* Base64 of "user:sig". */
static bool read_basic(const char *text, struct web_identity *identity)
{
    unsigned char plain[PLAIN + 4];
    const size_t len = strlen(text);
    if (len % 4 != 0 || len / 4 * 3 > PLAIN)
        return false;
    int count = EVP_DecodeBlock(plain, (const unsigned char *)text, (int)len);
    if (count < 0)
        return false;
    for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
        count--;
    plain[count] = '\0';
    char *colon = strchr((char *)plain, ':');
    if (!colon || strlen((char *)plain) != (size_t)count)
        return false;
    *colon = '\0';
    return text_copy(identity->user, sizeof identity->user, (char *)plain) &&
           text_copy(identity->sig, sizeof identity->sig, colon + 1);
}

static bool read_bearer(const char *sig, struct web_identity *identity)
{
    return text_copy(identity->sig, sizeof identity->sig, sig) && usersig_user(identity->sig, identity->user);
}

static bool read_credentials(const char *header, struct web_identity *identity)
{
    if (strncasecmp(header, BASIC, strlen(BASIC)) == 0)
        return read_basic(header + strlen(BASIC), identity);
    return strncasecmp(header, BEARER, strlen(BEARER)) == 0 && read_bearer(header + strlen(BEARER), identity);
}

static bool read_client(const char *header, struct web_identity *identity)
{
    enum platform platform;
    if (!header)
        snprintf(identity->client_id, sizeof identity->client_id, "%s:other:http", identity->user);
    else if (!text_copy(identity->client_id, sizeof identity->client_id, header))
        return false;
    return client_id_parse(identity->client_id, identity->user, &platform) == CLIENT_ID_OWN;
}

/* What stands in a query is in the logs of what is in front: only where there is no other way. */
static const char *from_query(const struct exchange *exchange, const char *name)
{
    return strcmp(exchange_path(exchange), WEB_EVENTS_PATH) == 0 ? exchange_query(exchange, name) : NULL;
}

int web_auth(const struct exchange *exchange, int64_t sdkappid, const struct keys *keys,
             struct web_identity *identity, const char **error)
{
    struct usersig found;
    const char *header = exchange_header(exchange, "Authorization"), *query = from_query(exchange, "usersig");
    *error = "Authorization: Basic userID:userSig, or Bearer userSig";
    if (!header && !query)
        return CODE_SIG_EMPTY;
    if (header ? !read_credentials(header, identity) : !read_bearer(query, identity))
        return CODE_SIG_MALFORMED;
    if (!user_id_valid(identity->user, strlen(identity->user))) {
        *error = code_text(CODE_BAD_USER_ID);
        return CODE_BAD_USER_ID;
    }
    int code = usersig_verify(identity->sig, identity->user, sdkappid, keys, (int64_t)time(NULL), &found);
    *error = code_text(code);
    if (code != CODE_OK)
        return code;
    const char *client = exchange_header(exchange, "X-Chat-Client");
    *error = "X-Chat-Client: a client id of the user's, like alice:web:tab1";
    return read_client(client ? client : from_query(exchange, "client"), identity) ? CODE_OK
                                                                                   : CODE_BAD_CLIENT_ID;
}
