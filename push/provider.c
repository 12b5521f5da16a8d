/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/provider.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define CLOCKS_APART 60 /* seconds that a clock may be set back without another bearer */

void outcome_set(struct outcome *outcome, enum verdict verdict, const char *format, ...)
{
    va_list args;
    *outcome = (struct outcome){.verdict = verdict, .retry_after_seconds = -1};
    va_start(args, format);
    vsnprintf(outcome->reason, sizeof outcome->reason, format, args);
    va_end(args);
    text_mend(outcome->reason);
}

void bearer_clear(struct bearer *bearer)
{
    if (bearer->text)
        OPENSSL_cleanse(bearer->text, strlen(bearer->text));
    free(bearer->text);
    bearer->text = NULL;
}

void bearer_set(struct bearer *bearer, char *text, int64_t made, int64_t renew_at)
{
    bearer_clear(bearer);
    bearer->text = text;
    bearer->made = made;
    bearer->renew_at = renew_at;
    bearer->number++;
}

bool bearer_is_good(const struct bearer *bearer, int64_t now)
{
    return bearer->text && bearer->made - CLOCKS_APART <= now && now < bearer->renew_at;
}

static bool matches(const struct rule *rule, long status, const char *reason)
{
    return status >= rule->least && status <= rule->most &&
           (!rule->reason || strcmp(rule->reason, reason) == 0);
}

void judge_by_rules(const struct rule *rules, const struct http_answer *answer, const char *reason,
                    struct outcome *outcome)
{
    while (!matches(rules, answer->status, reason))
        rules++;
    outcome_set(outcome, rules->verdict, "%ld%s%.100s", answer->status, *reason ? " " : "", reason);
    outcome->retry_after_seconds =
        answer->retry_after_seconds >= 0 ? answer->retry_after_seconds : rules->retry_seconds;
}
