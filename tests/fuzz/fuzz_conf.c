/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Configuration. The first byte of the input says whose the rest is: m (mosquitto.conf), o (options of the plugin, "name
 * value" a line), s (settings_file of such), p (chatpushd.conf), g (chatgate.conf). What must hold: a refusal says
 * why; what is accepted is in the range of the table; nothing is left of what was refused. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gate/config.h"
#include "lib/broker_conf.h"
#include "lib/option_rows.h"
#include "lib/plugin_options.h"
#include "push/config.h"
#include "tests/fuzz/fuzz.h"

#define PAIRS_MAX 64

static char path[32];

/* In memory; opened once. */
static void write_file(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    HOLDS(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
}

/* mosquitto.conf */

static bool on_line(void *context, const struct conf_place *place, const char *name, char *value)
{
    int *lines = context;
    HOLDS(place->file && place->line >= 1 && name[0] && value);
    HOLDS(!strpbrk(name, " \n"));
    return ++*lines < 10000;
}

static void try_broker_conf(void)
{
    char fault[BROKER_CONF_FAULT_MAX] = "";
    int lines = 0;
    if (broker_conf_read(path, on_line, &lines, fault) != 0)
        HOLDS(fault[0]);
}

/* Options */

static void is_in_range(struct plugin_options *options)
{
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        const struct option_row *row = &option_rows[i];
        const void *field = option_field(options, row);
        if (row->kind == NUMBER)
            HOLDS(*(const int64_t *)field >= row->min && *(const int64_t *)field <= row->max);
        else if (row->kind == TEXT && *(char *const *)field && row->max > 0)
            HOLDS((int64_t)strlen(*(char *const *)field) <= row->max + (int64_t)sizeof ".ring");
    }
}

static void try_pairs(const struct option_pair *pairs, size_t count)
{
    struct plugin_options options;
    char error[PLUGIN_OPTIONS_ERROR_MAX] = "";
    if (plugin_options_parse(&options, pairs, count, error, sizeof error) == 0) {
        is_in_range(&options);
        (void)plugin_options_is_admin(&options, "bob");
        HOLDS(plugin_options_media_retention_days(&options) >= 0);
    } else {
        HOLDS(error[0]);
    }
    plugin_options_clear(&options);
}

static void try_options(char *text)
{
    struct option_pair pairs[PAIRS_MAX];
    size_t count = 0;
    for (char *line = text, *next; *line && count < PAIRS_MAX; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        char *blank = line + strcspn(line, " ");
        pairs[count].name = line;
        pairs[count++].value = *blank ? blank + 1 : blank;
        *blank = '\0';
    }
    try_pairs(pairs, count);
}

static void try_settings(void)
{
    const struct option_pair pairs[] = {{"sdkappid", "1400000000"},
                                        {"secret_key_file", "/nowhere/key"},
                                        {"database", "/nowhere/chat.db"},
                                        {"settings_file", path}};
    try_pairs(pairs, sizeof pairs / sizeof pairs[0]);
}

/* Programs beside the broker */

static void try_push_config(void)
{
    struct push_config config;
    if (push_config_read(&config, path) != 0)
        HOLDS(config.conf.error[0]);
    else
        HOLDS(config.apps && !config.conf.error[0]);
    push_config_clear(&config);
}

static void try_gate_config(void)
{
    struct gate_config config;
    if (gate_config_read(&config, path) != 0)
        HOLDS(config.conf.error[0]);
    else
        HOLDS(config.http.port >= 0 && config.http.port <= 65535);
    gate_config_clear(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t whose = fuzz_byte(&data, &size);
    write_file(data, size);
    if (whose == 'o') {
        char *text = fuzz_text(data, size);
        try_options(text);
        free(text);
    } else if (whose == 's') {
        try_settings();
    } else if (whose == 'p') {
        try_push_config();
    } else if (whose == 'g') {
        try_gate_config();
    } else {
        try_broker_conf();
    }
    return 0;
}
