/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl usersig, chatctl verify */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/config.h"
#include "lib/usersig.h"

#define DEFAULT_EXPIRE "7d"

/* In the order of options; `val` there is FIRST_OPTION and one of these, out of the way of getopt's ':' and
 * '?'. */
enum option_id { EXPIRE, USERBUF, CONFIG, KEY_FILE, SDKAPPID, OPTION_COUNT };

#define FIRST_OPTION 256

static const struct option options[] = {
    {"expire", required_argument, NULL, FIRST_OPTION + EXPIRE},
    {"userbuf", required_argument, NULL, FIRST_OPTION + USERBUF},
    {"config", required_argument, NULL, FIRST_OPTION + CONFIG},
    {"key-file", required_argument, NULL, FIRST_OPTION + KEY_FILE},
    {"sdkappid", required_argument, NULL, FIRST_OPTION + SDKAPPID},
    {0},
};

struct sig_arguments {
    const char *value[OPTION_COUNT];
    char **words; /* what is not an option */
    int word_count;
};

/* Takes the options from `first` on, and needs `least` to `most` words beside them. Returns an exit code. */
static int parse(struct sig_arguments *out, int argc, char **argv, enum option_id first, int least, int most)
{
    int option;
    *out = (struct sig_arguments){0};
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options + first, NULL)) != -1) {
        if (option < FIRST_OPTION) {
            return complain_usage("%s: %s %s", argv[0], argv[optind - 1],
                                  option == ':' ? "needs a value" : "is not an option");
        }
        out->value[option - FIRST_OPTION] = optarg;
    }
    out->words = argv + optind;
    out->word_count = argc - optind;
    if (out->word_count < least || out->word_count > most) {
        return complain_usage("%s: %s", argv[0],
                              out->word_count < least ? "an argument is missing" : "too many arguments");
    }
    return EXIT_DONE;
}

static int load(struct ctl_config *config, const struct sig_arguments *arguments)
{
    const struct config_source source = {arguments->value[CONFIG], arguments->value[KEY_FILE],
                                         arguments->value[SDKAPPID]};
    return config_load(config, &source);
}

/* "90", "90s", "15m", "12h", "7d" in seconds; -1 when it is something else. */
static int64_t parse_duration(const char *text)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] ? strchr(units, text[digits]) : units;
    int64_t result;
    if (digits == 0 || digits > 16 || !unit || (text[digits] && text[digits + 1]))
        return -1;
    if (__builtin_mul_overflow(strtoll(text, NULL, 10), seconds[unit - units], &result))
        return -1;
    return result <= USERSIG_NUMBER_MAX ? result : -1;
}

static int print_usersig(const char *user, int64_t expire, const char *userbuf,
                         const struct ctl_config *config)
{
    char *text = usersig_mint(user, config->sdkappid, time(NULL), expire, userbuf,
                              userbuf ? strlen(userbuf) : 0, &config->keys);
    if (!text)
        return complain("the userSig cannot be made: the userbuf is too long, or memory is out");
    puts(text);
    free(text);
    return finish_output();
}

int command_usersig(int argc, char **argv)
{
    struct sig_arguments arguments;
    struct ctl_config config;
    int result = parse(&arguments, argc, argv, EXPIRE, 1, 1);
    if (result != EXIT_DONE)
        return result;
    const char *user = arguments.words[0];
    const char *duration = arguments.value[EXPIRE];
    int64_t expire = parse_duration(duration ? duration : DEFAULT_EXPIRE);
    if (expire < 1)
        return complain_usage("--expire takes a number with s, m, h or d, from 1s");
    if (!user_id_valid(user, strlen(user))) {
        return complain("\"%s\" is not a userID: 1 to %d letters, digits and _.@-, the first no .@-", user,
                        USER_ID_MAX);
    }
    result = load(&config, &arguments);
    if (result == EXIT_DONE)
        result = print_usersig(user, expire, arguments.value[USERBUF], &config);
    config_clear(&config);
    return result;
}

static void print_expiry(int64_t seconds)
{
    char text[64];
    struct tm tm;
    time_t when = (time_t)seconds;
    if (gmtime_r(&when, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        printf("ok, expires %s\n", text);
    else
        printf("ok, expires %lld seconds after 1970\n", (long long)seconds);
}

static int print_verdict(const char *user, const char *text, const struct ctl_config *config)
{
    struct usersig usersig;
    int code = user_id_valid(user, strlen(user))
                   ? usersig_verify(text, user, config->sdkappid, &config->keys, time(NULL), &usersig)
                   : CODE_BAD_USER_ID;
    if (code == CODE_OK)
        print_expiry(usersig.expires);
    else
        printf("%d: %s\n", code, code_text(code));
    int result = finish_output();
    return code == CODE_OK ? result : EXIT_FAILED;
}

int command_verify(int argc, char **argv)
{
    struct sig_arguments arguments;
    struct ctl_config config;
    char named[USER_ID_MAX + 1];
    int result = parse(&arguments, argc, argv, CONFIG, 1, 2);
    if (result != EXIT_DONE)
        return result;
    const bool alone = arguments.word_count == 1;
    const char *userSig = arguments.words[alone ? 0 : 1];
    if (alone && !usersig_user(userSig, named))
        return complain_usage("%s: USER is missing, and the only argument is no userSig that names one",
                              argv[0]);
    result = load(&config, &arguments);
    if (result == EXIT_DONE && alone)
        printf("%s: ", named);
    if (result == EXIT_DONE)
        result = print_verdict(alone ? named : arguments.words[0], userSig, &config);
    config_clear(&config);
    return result;
}
