/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: certificates of listeners: whether the broker can load them, until when clients believe them, and whether they
 * have all that clients need. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/check.h"

#define SOON_DAYS   30
#define DAY_SECONDS 86400
#define NAME_MAX_   200

#define SAY(check, level, setting, ...)                                                                      \
    report_say(&(check)->report, level, conf_place_of(setting), __VA_ARGS__)

/* The one of the file first, then what stands behind it. NULL: there is none, or it cannot be read. */
static STACK_OF(X509) * load_chain(const char *path)
{
    BIO *file = BIO_new_file(path, "r");
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *certificate;
    while (file && chain && (certificate = PEM_read_bio_X509_AUX(file, NULL, NULL, NULL)))
        if (sk_X509_push(chain, certificate) == 0)
            X509_free(certificate);
    BIO_free(file);
    ERR_clear_error();
    if (chain && sk_X509_num(chain) > 0)
        return chain;
    sk_X509_free(chain);
    return NULL;
}

static void free_chain(STACK_OF(X509) * chain)
{
    sk_X509_pop_free(chain, X509_free);
}

/* Dates */

static void date_of(const ASN1_TIME *time, char *out, size_t size)
{
    struct tm utc;
    if (ASN1_TIME_to_tm(time, &utc) != 1 || strftime(out, size, "%Y-%m-%d", &utc) == 0)
        snprintf(out, size, "?");
}

static void check_date(struct conf_check *check, const struct conf_setting *setting, const X509 *certificate,
                       const char *what)
{
    const ASN1_TIME *end = X509_get0_notAfter(certificate), *begin = X509_get0_notBefore(certificate);
    time_t now = time(NULL), soon = now + SOON_DAYS * DAY_SECONDS;
    char date[32];
    if (X509_cmp_time(begin, &now) > 0) {
        date_of(begin, date, sizeof date);
        SAY(check, FINDING_ERROR, setting, "Look at the clock: date",
            "%s is not valid before %s: no client connects", what, date);
    } else if (X509_cmp_time(end, &now) < 0) {
        date_of(end, date, sizeof date);
        SAY(check, FINDING_ERROR, setting, "Renew it, and send the broker a SIGHUP",
            "%s has expired on %s: no client connects", what, date);
    } else if (X509_cmp_time(end, &soon) < 0) {
        date_of(end, date, sizeof date);
        SAY(check, FINDING_WARNING, setting,
            "See to it that it is renewed, and that the broker gets a SIGHUP then",
            "%s expires on %s: from then on no client connects", what, date);
    }
}

/* The key */

/* Nobody is there to be asked. */
static int refuse_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing;
    *(bool *)context = true;
    return -1;
}

static void check_key(struct conf_check *check, const struct conf_setting *setting, const X509 *certificate)
{
    bool asked = false;
    BIO *file = BIO_new_file(setting->value, "r");
    EVP_PKEY *key = file ? PEM_read_bio_PrivateKey(file, NULL, refuse_passphrase, &asked) : NULL;
    if (asked)
        SAY(check, FINDING_ERROR, setting, "openssl pkey takes the passphrase off",
            "keyfile: %s has a passphrase, which nobody can type at a start of the service", setting->value);
    else if (!key)
        SAY(check, FINDING_ERROR, setting, "Name the file with the private key",
            "keyfile: %s is no private key in PEM form", setting->value);
    else if (certificate && X509_check_private_key(certificate, key) != 1)
        SAY(check, FINDING_ERROR, setting, "Name the two files that were made together",
            "keyfile: %s is not the key of the certificate, and the listener does not open", setting->value);
    EVP_PKEY_free(key);
    BIO_free(file);
    ERR_clear_error();
}

/* The chain */

static void check_order(struct conf_check *check, const struct conf_setting *setting, STACK_OF(X509) * chain)
{
    for (int i = 0; i + 1 < sk_X509_num(chain); i++)
        if (X509_check_issued(sk_X509_value(chain, i + 1), sk_X509_value(chain, i)) != X509_V_OK) {
            SAY(check, FINDING_WARNING, setting,
                "The server's own first, then each one's issuer, as in fullchain.pem",
                "certfile: certificate %d of %s is not the issuer of the one before it: some clients do not "
                "connect",
                i + 2, setting->value);
            return;
        }
}

static int verify(STACK_OF(X509) * chain, const char *cafile)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int result = X509_V_ERR_OUT_OF_MEM;
    if (store && context && X509_STORE_set_default_paths(store) == 1 &&
        X509_STORE_CTX_init(context, store, sk_X509_value(chain, 0), chain) == 1) {
        if (cafile)
            X509_STORE_load_file(store, cafile);
        X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME);
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
        result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return result;
}

/* Who says where its issuer's certificate can be fetched is one of the world's, whose roots clients know: then something
 * between is missing. */
static bool names_issuer_address(const X509 *certificate)
{
    return X509_get_ext_by_NID(certificate, NID_info_access, -1) >= 0;
}

static void check_issuer(struct conf_check *check, const struct conf_setting *setting, STACK_OF(X509) * chain,
                         const char *cafile)
{
    char issuer[NAME_MAX_] = "?";
    const X509 *last = sk_X509_value(chain, sk_X509_num(chain) - 1);
    if (verify(chain, cafile) == X509_V_OK)
        return;
    X509_NAME_get_text_by_NID(X509_get_issuer_name(last), NID_commonName, issuer, sizeof issuer);
    if (X509_check_issued((X509 *)last, (X509 *)last) == X509_V_OK)
        SAY(check, FINDING_NOTE, setting, NULL,
            "certfile: it ends in \"%s\", which this machine does not believe: clients need that certificate "
            "(--cafile)",
            issuer);
    else if (names_issuer_address(last))
        SAY(check, FINDING_WARNING, setting, "Name the file with the whole chain: fullchain.pem",
            "certfile: %s lacks the certificate of \"%s\": phones and programs do not connect, though "
            "browsers may",
            setting->value, issuer);
    else
        SAY(check, FINDING_NOTE, setting, NULL,
            "certfile: its issuer \"%s\" is not known to this machine: clients need its certificate "
            "(--cafile)",
            issuer);
}

static void say_until(struct conf_check *check, const struct conf_setting *setting, const X509 *certificate)
{
    char date[32], name[NAME_MAX_] = "";
    date_of(X509_get0_notAfter(certificate), date, sizeof date);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    SAY(check, FINDING_OK, setting, NULL, "certfile: %s is valid until %s", *name ? name : setting->value,
        date);
}

static void check_chain(struct conf_check *check, const struct conf_setting *setting, STACK_OF(X509) * chain,
                        const char *cafile)
{
    size_t before = report_faults(&check->report);
    check_date(check, setting, sk_X509_value(chain, 0), "certfile: the certificate");
    for (int i = 1; i < sk_X509_num(chain); i++)
        check_date(check, setting, sk_X509_value(chain, i), "certfile: the certificate of an issuer");
    check_order(check, setting, chain);
    check_issuer(check, setting, chain, cafile);
    if (report_faults(&check->report) == before)
        say_until(check, setting, sk_X509_value(chain, 0));
}

/* A listener's files */

static const struct conf_setting *readable(struct conf_check *check, int listener, const char *name)
{
    const struct conf_setting *setting = conf_find_of(&check->conf, listener, name);
    return setting && *setting->value && check_access(check, setting->place, name, setting->value, R_OK)
               ? setting
               : NULL;
}

static void check_pair(struct conf_check *check, int listener)
{
    const struct conf_setting *certfile = conf_find_of(&check->conf, listener, "certfile");
    const struct conf_setting *keyfile = conf_find_of(&check->conf, listener, "keyfile");
    const struct conf_setting *cafile = conf_find_of(&check->conf, listener, "cafile");
    const struct conf_setting *alone = certfile ? certfile : keyfile ? keyfile : cafile;
    if (alone && (!certfile || !keyfile))
        SAY(check, FINDING_ERROR, alone, "Name certfile and keyfile, both",
            "%s without %s: Mosquitto 2.0 opens the port without encryption, 2.1 does not start", alone->name,
            certfile  ? "keyfile"
            : keyfile ? "certfile"
                      : "certfile and keyfile");
}

static void check_cafile(struct conf_check *check, const struct conf_setting *setting)
{
    STACK_OF(X509) *chain = load_chain(setting->value);
    if (!chain)
        SAY(check, FINDING_ERROR, setting, "Name a file of certificates in PEM form",
            "cafile: %s has no certificate, and the listener does not open", setting->value);
    for (int i = 0; chain && i < sk_X509_num(chain); i++)
        check_date(check, setting, sk_X509_value(chain, i), "cafile: a certificate");
    free_chain(chain);
}

static void check_of_listener(struct conf_check *check, int listener)
{
    check_pair(check, listener);
    const struct conf_setting *certfile = readable(check, listener, "certfile");
    const struct conf_setting *keyfile = readable(check, listener, "keyfile");
    const struct conf_setting *cafile = readable(check, listener, "cafile");
    STACK_OF(X509) *chain = certfile ? load_chain(certfile->value) : NULL;
    if (certfile && !chain)
        SAY(check, FINDING_ERROR, certfile,
            "Name a file in PEM form, which begins with -----BEGIN CERTIFICATE-----",
            "certfile: %s has no certificate, and the listener does not open", certfile->value);
    if (keyfile)
        check_key(check, keyfile, chain ? sk_X509_value(chain, 0) : NULL);
    if (cafile)
        check_cafile(check, cafile);
    if (chain)
        check_chain(check, certfile, chain, cafile ? cafile->value : NULL);
    free_chain(chain);
}

void check_certificates(struct conf_check *check)
{
    for (int i = DEFAULT_LISTENER; i <= check->conf.listeners; i++)
        check_of_listener(check, i);
}
