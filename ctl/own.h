/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Options that one command of chatctl has for itself, beside those of options.h. */
#ifndef CTL_OWN_H
#define CTL_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct own_option {
    const char *name;  /* "--all" */
    bool flag;         /* takes no value */
    const char *value; /* NULL: not given; a flag: "" */
};

/* Takes those of `options` out of argv, "--name VALUE" or "--name=VALUE", up to "--"; argv[0] is the command's name. The
 * values are borrowed from argv. Returns an exit code; what was wrong has been said. */
__attribute__((warn_unused_result)) int own_options_take(struct own_option *options, size_t count, int *argc,
                                                         char **argv);
/* The option's value as a whole number from 1 to `most`; not given: `otherwise`. false: it is none. */
__attribute__((warn_unused_result)) bool own_number(const struct own_option *option, int64_t otherwise,
                                                    int64_t most, int64_t *out);
/* A text as such a number. */
__attribute__((warn_unused_result)) bool whole_number(const char *text, int64_t most, int64_t *out);

#endif
