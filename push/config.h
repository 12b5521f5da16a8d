/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatpushd.conf: a section [broker], and one for each provider and businessID: [apns:ID], [fcm:ID],
 * [webhook:ID]; without ":ID" it is for tokens that were set without a businessID. docs/push.md lists the
 * options. Secrets are in files of their own, read elsewhere. */
#ifndef PUSH_CONFIG_H
#define PUSH_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/daemon/conf.h"
#include "lib/daemon/link.h"

#define PUSH_AGENT "chatpushd/" CHAT_VERSION /* what providers are told that we are */
/* HTTP/2 needs one or two, but Apple allows one request on each until it has seen a token it knows, and an old web
 * hook never allows more. */
#define PUSH_CONNECTIONS 16

enum provider_kind { PROVIDER_APNS, PROVIDER_FCM, PROVIDER_WEBHOOK, PROVIDER_COUNT };
extern const char *const provider_names[PROVIDER_COUNT];

/* One section of a provider. Texts that the section has not are NULL, unless there is a default. */
struct app_config {
    enum provider_kind kind;
    char *section;  /* as written */
    char *business; /* "": jobs without a businessID */
    char *url, *ca_file;
    char *key_file, *key_id, *team_id, *topic, *sound, *token_file; /* apns */
    char *service_account_file;                                     /* fcm */
    char *secret_file;                                              /* webhook */
    int64_t timeout_seconds;
    struct app_config *prev, *next;
};

struct push_config {
    struct link_config broker;
    struct app_config *apps; /* utlist */
    struct conf conf;        /* conf.error: what push_config_read has found wrong */
};

/* Reads `path`: an unknown section or option, an option twice, a value out of range, a missing one, the same
 * businessID twice: refused, with a sentence in config->conf.error. Returns 0 or -1.
 * push_config_clear in both cases. */
__attribute__((warn_unused_result)) int push_config_read(struct push_config *config, const char *path);
void push_config_clear(struct push_config *config);

/* For a reload: what differs, as conf_carry says it, and which sections are new or gone. -1: out of memory. */
__attribute__((warn_unused_result)) int push_config_carry(const struct push_config *before,
                                                          struct push_config *after, FILE *report);

/* A section on its own. `to` is zeroes. false: out of memory; app_config_clear in both cases. */
__attribute__((warn_unused_result)) bool app_config_copy(struct app_config *to,
                                                         const struct app_config *from);
void app_config_clear(struct app_config *app);
/* Do two of a kind have the same options? */
bool app_config_same(const struct app_config *a, const struct app_config *b);

#endif
