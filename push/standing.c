/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/standing.h"

#include <stdio.h>
#include <time.h>

#include "lib/say.h"

#define PROBE_MS      10000
#define SAY_EVERY_MS  60000
#define FAULT_SECONDS 60
#define DOUBT_SECONDS 300

void standing_init(struct standing *standing, const char *section)
{
    *standing = (struct standing){.section = section};
}

void standing_inherit(struct standing *heir, const struct standing *from)
{
    heir->proven = from->proven;
}

void standing_trust(struct standing *standing)
{
    standing->proven = true;
}

/* Once a minute. */
static bool is_to_be_said(int64_t *said, int64_t now)
{
    if (*said != 0 && now - *said < SAY_EVERY_MS)
        return false;
    *said = now;
    return true;
}

static void say_fault(struct standing *standing, int64_t now, const struct outcome *outcome)
{
    char clock[32] = "";
    time_t wall = time(NULL);
    struct tm utc;
    if (!is_to_be_said(&standing->fault_said, now))
        return;
    if (gmtime_r(&wall, &utc))
        strftime(clock, sizeof clock, "%Y-%m-%d %H:%M:%S", &utc);
    say_line(
        "ERROR [%s] refuses us, whatever the notification: %s. Look at this section's keys, names and "
        "address, "
        "and at this machine's clock, where it is %s UTC. Nothing is lost: %lld jobs have waited since this "
        "was said, and no token is dropped",
        standing->section, outcome->reason, clock, standing->kept);
    standing->kept = 0;
}

static void say_doubt(struct standing *standing, int64_t now, const struct outcome *outcome)
{
    if (is_to_be_said(&standing->doubt_said, now))
        say_line("ERROR [%s] has taken no token yet, and refuses them as those of another app: %s. Are its "
                 "names and its "
                 "address the right ones (Apple: topic, and url for builds from Xcode)? Tokens are kept",
                 standing->section, outcome->reason);
}

static void set_wait(struct outcome *outcome, int64_t seconds)
{
    if (outcome->retry_after_seconds < 0)
        outcome->retry_after_seconds = seconds;
}

static void begin_fault(struct standing *standing, int64_t now, struct outcome *outcome)
{
    int64_t asked = outcome->retry_after_seconds * 1000;
    standing->faulty = true;
    standing->probe_after = now + (asked >= 0 && asked < PROBE_MS ? asked : PROBE_MS);
    standing->kept++;
    say_fault(standing, now, outcome);
    outcome->verdict = VERDICT_WAIT;
    set_wait(outcome, FAULT_SECONDS);
}

static void end_fault(struct standing *standing)
{
    if (standing->faulty)
        say_line("[%s] takes notifications again", standing->section);
    standing->faulty = false;
    standing->fault_said = standing->kept = 0;
}

bool standing_allows(struct standing *standing, int64_t now, bool busy, struct outcome *outcome)
{
    if (!standing->faulty || (now >= standing->probe_after && !busy))
        return true;
    outcome_set(outcome, VERDICT_WAIT, "we were refused a moment ago");
    set_wait(outcome, FAULT_SECONDS);
    outcome->said = true;
    standing->kept++;
    return false;
}

void standing_judge(struct standing *standing, int64_t now, struct outcome *outcome)
{
    switch (outcome->verdict) {
    case VERDICT_OURS:
        begin_fault(standing, now, outcome);
        return;
    case VERDICT_DONE:
    case VERDICT_INVALID_TOKEN:
        standing->proven = true;
        break;
    case VERDICT_DOUBTED_TOKEN:
        if (standing->proven)
            outcome->verdict = VERDICT_INVALID_TOKEN;
        else
            say_doubt(standing, now, outcome);
        set_wait(outcome, DOUBT_SECONDS);
        break;
    case VERDICT_DEAD:
        break;
    default:
        return; /* an overload, for example, says nothing about us */
    }
    end_fault(standing);
}
