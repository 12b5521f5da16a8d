/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The options of what goes to the broker, in ~/.config/chatctl and on the command line, which counts more. */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_USAGE "[--as USER] [--json] [CONNECTION]"
#define OPTIONS_HELP                                                                                         \
    "CONNECTION, as mosquitto_pub has it: -h HOST -p PORT, or -L URL, or --unix SOCKET; -u USER -P "         \
    "USERSIG; TLS "                                                                                          \
    "with\n"                                                                                                 \
    "--cafile FILE, --capath FOLDER or --tls-use-os-certs (with -p 8883 it is), --cert FILE --key FILE, "    \
    "--insecure.\n"                                                                                          \
    "In the place of -P, what makes a userSig: --config FILE (its port and its first administrator are the " \
    "presets of\n"                                                                                           \
    "-p and -u), or --key-file FILE and --sdkappid N.\n"

enum call_option {
    OPTION_AS,
    OPTION_JSON,
    OPTION_FILE,
    OPTION_HOST,
    OPTION_PORT,
    OPTION_USER,
    OPTION_PASSWORD,
    OPTION_URL, /* itself never set: it stands for others */
    OPTION_UNIX,
    OPTION_CAFILE,
    OPTION_CAPATH,
    OPTION_SYSTEM_CAS,
    OPTION_CERT,
    OPTION_KEY,
    OPTION_INSECURE,
    OPTION_CONFIG,
    OPTION_KEY_FILE,
    OPTION_SDKAPPID,
    OPTION_DRY_RUN,
    OPTION_UNREAD,
    OPTION_OUTPUT,
    CALL_OPTIONS
};

struct call_options {
    const char *value[CALL_OPTIONS]; /* NULL: not given; --json: "" */
    char **words;                    /* what is no option */
    int word_count;
    int64_t sig_seconds; /* that a userSig made with the key lasts; 0: ten minutes */
    char **memory;       /* that of all these */
};

/* "--as", in the order of call_option; NULL behind the last that any command takes. */
extern const char *const option_names[];

/* What is taken for given before the command line is read, CALL_OPTIONS values of which each may be NULL, in the place of
 * ~/.config/chatctl; borrowed until the next. NULL: that file. */
void options_preset(const char *const *values);

/* argv[0] is the command's name. Returns an exit code; what went wrong has been said. */
__attribute__((warn_unused_result)) int options_parse(struct call_options *options, int argc, char **argv);
/* ... gives what has been parsed to `run`, and clears it. Returns an exit code. */
__attribute__((warn_unused_result)) int options_run(int argc, char **argv,
                                                    int (*run)(struct call_options *options));
/* After options_parse, whatever it has returned. */
void options_clear(struct call_options *options);

#endif
