/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/plugin_options.h"

#include "acl/identity.h"
#include "lib/basics.h"
#include "lib/edits.h"
#include "lib/option_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX             "plugin_opt_"
#define PATH_BYTES_MAX     4095
#define URL_BYTES_MAX      1024
#define ADMIN_BYTES_MAX    4096
#define SETTINGS_BYTES_MAX 65536
#define RING_BYTES_MAX     INT64_C(4294967296)
#define NAME_BYTES_MAX     32
#define SHOWN_BYTES_MAX    64
#define WORDS_BYTES_MAX    256
#define NUMBER_DIGITS_MAX  18 /* always fits int64_t */

/* In the order of the enums in options.h. */
#define OTHER_USERS  "refuse defer"
#define OTHER_TOPICS "defer allow deny"
#define LOGIN_WORDS  "single dual triple multi"
#define SYNC_MODES   "full normal off"
#define SENT_AFTER   "accepted committed"
#define NO_YES       "false true"
#define REVIEWED     "c2c group live create join invite"
#define REVIEW_ENDS  "pass refuse"

#define OPT(member) #member, offsetof(struct plugin_options, member)

/* clang-format off */
const struct option_row option_rows[] = {
    {OPT(sdkappid),                NUMBER, 1,       UINT32_MAX,      NULL,       REQUIRED, NULL},
    {OPT(secret_key_file),         TEXT,   0,       PATH_BYTES_MAX,  NULL,       REQUIRED | RUNNING, NULL},
    {OPT(database),                TEXT,   0,       PATH_BYTES_MAX,  NULL,       REQUIRED, NULL},
    {OPT(ring_file),               TEXT,   0,       PATH_BYTES_MAX,  NULL,       0,        NULL},
    {OPT(admins),                  ADMINS, 0,       ADMIN_BYTES_MAX, NULL,       RUNNING,  NULL},
    {OPT(other_users),             WORD,   0,       0,               "refuse",   RUNNING,  OTHER_USERS},
    {OPT(other_topics),            WORD,   0,       0,               "defer",    RUNNING,  OTHER_TOPICS},
    {OPT(login_policy),            WORD,   0,       0,               "multi",    RUNNING,  LOGIN_WORDS},
    {OPT(instances_per_platform),  NUMBER, 1,       10,              "1",        RUNNING,  NULL},
    {OPT(web_instances),           NUMBER, 1,       10,              "5",        RUNNING,  NULL},
    {OPT(user_rate),               NUMBER, 0,       1000000,         "100",      RUNNING,  NULL},
    {OPT(group_rate),              NUMBER, 0,       1000000,         "40",       RUNNING,  NULL},
    {OPT(command_rate),            NUMBER, 0,       1000000,         "200",      RUNNING,  NULL},
    {OPT(cache_seconds),           NUMBER, 0,       604800,          "600",      RUNNING,  NULL},
    {OPT(retention_days),          NUMBER, 0,       36500,           "7",        RUNNING,  NULL},
    {OPT(clock_checked),           NUMBER, 0,       99991231,        "0",        RUNNING,  NULL},
    {OPT(max_message_bytes),       NUMBER, 256,     1048576,         "12288",    RUNNING,  NULL},
    {OPT(max_members_private),     NUMBER, 1,       100000,          "200",      RUNNING,  NULL},
    {OPT(max_members_public),      NUMBER, 1,       100000,          "2000",     RUNNING,  NULL},
    {OPT(max_members_chatroom),    NUMBER, 1,       100000,          "6000",     RUNNING,  NULL},
    {OPT(recall_seconds),          NUMBER, 0,       604800,          "120",      RUNNING,  NULL},
    {OPT(edit_seconds),            NUMBER, 0,       604800,          "86400",    RUNNING,  NULL},
    {OPT(replay_limit),            NUMBER, 0,       1000000,         "1000",     RUNNING,  NULL},
    {OPT(live_history),            NUMBER, 0,       50,              "20",       RUNNING,  NULL},
    {OPT(device_rate),             NUMBER, 1,       100000,          "45",       RUNNING,  NULL},
    {OPT(sync),                    WORD,   0,       0,               "full",     RUNNING,  SYNC_MODES},
    {OPT(sent_after),              WORD,   0,       0,               "accepted", RUNNING,  SENT_AFTER},
    {OPT(ring_bytes),              NUMBER, 4194304, RING_BYTES_MAX,  "67108864", 0,        NULL},
    {OPT(push_lease_seconds),      NUMBER, 1,       3600,            "30",       RUNNING,  NULL},
    {OPT(push_ttl_seconds),        NUMBER, 60,      604800,          "86400",    RUNNING,  NULL},
    {OPT(push_badge),              WORD,   0,       0,               "true",     RUNNING,  NO_YES},
    {OPT(words_file),              TEXT,   0,       PATH_BYTES_MAX,  NULL,       RUNNING,  NULL},
    {OPT(review),                  WORDS,  0,       0,               NULL,       RUNNING,  REVIEWED},
    {OPT(review_seconds),          NUMBER, 1,       30,              "5",        RUNNING,  NULL},
    {OPT(review_default),          WORD,   0,       0,               "pass",     RUNNING,  REVIEW_ENDS},
    {OPT(backup_dir),              TEXT,   0,       PATH_BYTES_MAX,  NULL,       RUNNING,  NULL},
    {OPT(media_dir),               TEXT,   0,       PATH_BYTES_MAX,  NULL,       0,        NULL},
    {OPT(media_url),               TEXT,   0,       URL_BYTES_MAX,   "/media/",  RUNNING,  NULL},
    {OPT(max_media_bytes),         NUMBER, 1024,    1073741824,      "104857600", RUNNING, NULL},
    {OPT(media_retention_days),    NUMBER, -1,      36500,           "-1",       RUNNING,  NULL},
    {OPT(media_user_bytes),        NUMBER, 0,       INT64_C(1) << 50, "0",       RUNNING,  NULL},
    {OPT(settings_file),           TEXT,   0,       PATH_BYTES_MAX,  NULL,       0,        NULL},
};
/* clang-format on */

_Static_assert(COUNT(option_rows) == OPTION_ROWS, "option_rows.h has the number");
_Static_assert(OPTION_ROWS <= 64, "the options already seen are one bit each of a uint64_t");

struct span {
    const char *at;
    size_t len;
};

/* Where a name and value come from (file NULL: mosquitto.conf), and where to complain. */
struct option_source {
    const char *file; /* settings_file */
    size_t line;
    const struct conf_place *place; /* in mosquitto.conf; NULL: nobody knows */
    char *error;
    size_t error_size;
};

static int print_source(const struct option_source *source)
{
    if (source->file)
        return snprintf(source->error, source->error_size, "settings_file %s, line %zu: ", source->file,
                        source->line);
    if (source->place)
        return snprintf(source->error, source->error_size, "%s, line %d: " PREFIX, source->place->file,
                        source->place->line);
    return snprintf(source->error, source->error_size, PREFIX);
}

/* Every sentence starts with the option's name, so that the prefix makes it what the user wrote. */
__attribute__((format(printf, 2, 3))) static int refuse(const struct option_source *source,
                                                        const char *format, ...)
{
    int used = print_source(source);
    if (used < 0 || (size_t)used >= source->error_size)
        return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(source->error + used, source->error_size - (size_t)used, format, args);
    va_end(args);
    return -1;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trim(const char *at, size_t len)
{
    while (len > 0 && is_space(at[len - 1]))
        len--;
    while (len > 0 && is_space(*at)) {
        at++;
        len--;
    }
    return (struct span){at, len};
}

static struct span trim_string(const char *text)
{
    return text ? trim(text, strlen(text)) : (struct span){"", 0};
}

static bool same(struct span a, const char *b)
{
    return strlen(b) == a.len && memcmp(a.at, b, a.len) == 0;
}

static int shown(struct span text)
{
    return (int)(text.len < SHOWN_BYTES_MAX ? text.len : SHOWN_BYTES_MAX);
}

/* Takes what lies before the first of `stops` off the front of `rest`, and that stop. False when nothing is
 * left. */
static bool next_part(const char **rest, const char *stops, struct span *part)
{
    if (!*rest)
        return false;
    size_t len = strcspn(*rest, stops);
    *part = trim(*rest, len);
    *rest = (*rest)[len] ? *rest + len + 1 : NULL;
    return true;
}

void *option_field(struct plugin_options *options, const struct option_row *row)
{
    return (char *)options + row->offset;
}

bool option_owns_text(const struct option_row *row)
{
    return row->kind == TEXT || row->kind == ADMINS;
}

static bool read_number(struct span text, int64_t *number)
{
    size_t sign = text.len > 0 && text.at[0] == '-';
    if (text.len == sign || text.len - sign > NUMBER_DIGITS_MAX)
        return false;
    int64_t sum = 0;
    for (size_t i = sign; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        sum = sum * 10 + (text.at[i] - '0');
    }
    *number = sign ? -sum : sum;
    return true;
}

static int set_number(struct plugin_options *options, const struct option_row *row, struct span value,
                      const struct option_source *source)
{
    int64_t number;
    if (!read_number(value, &number) || number < row->min || number > row->max)
        return refuse(source, "%s: \"%.*s\" is not a whole number from %" PRId64 " to %" PRId64, row->name,
                      shown(value), value.at, row->min, row->max);
    memcpy(option_field(options, row), &number, sizeof number);
    return 0;
}

/* Its place among the row's words; or -1, and it is refused. */
static int find_word(const struct option_row *row, struct span value, const struct option_source *source)
{
    const char *rest = row->words;
    struct span word;
    for (int i = 0; next_part(&rest, " ", &word); i++)
        if (word.len == value.len && memcmp(word.at, value.at, word.len) == 0)
            return i;
    return refuse(source, "%s: \"%.*s\" is not one of: %s", row->name, shown(value), value.at, row->words);
}

static int set_word(struct plugin_options *options, const struct option_row *row, struct span value,
                    const struct option_source *source)
{
    int word = find_word(row, value, source);
    if (word < 0)
        return -1;
    memcpy(option_field(options, row), &word, sizeof word);
    return 0;
}

/* Some of the words, separated by commas: a bit each. An empty value is none. */
static int set_words(struct plugin_options *options, const struct option_row *row, struct span value,
                     const struct option_source *source)
{
    char text[WORDS_BYTES_MAX + 1];
    int set = 0;
    if (value.len > WORDS_BYTES_MAX)
        return refuse(source, "%s: the value has %zu bytes, at most %d are allowed", row->name, value.len,
                      WORDS_BYTES_MAX);
    memcpy(text, value.at, value.len);
    text[value.len] = '\0';
    const char *rest = value.len > 0 ? text : NULL;
    struct span part;
    while (next_part(&rest, ",", &part)) {
        int word = find_word(row, part, source);
        if (word < 0)
            return -1;
        set |= 1 << word;
    }
    memcpy(option_field(options, row), &set, sizeof set);
    return 0;
}

/* An empty value is none, NULL. */
static int set_text(struct plugin_options *options, const struct option_row *row, struct span value,
                    const struct option_source *source)
{
    if (value.len > (size_t)row->max)
        return refuse(source, "%s: the value has %zu bytes, at most %" PRId64 " are allowed", row->name,
                      value.len, row->max);
    char *text = NULL;
    if (value.len > 0 && !(text = strndup(value.at, value.len)))
        return refuse(source, "%s: out of memory", row->name);
    char **place = option_field(options, row);
    free(*place);
    *place = text;
    return 0;
}

static int set_admins(struct plugin_options *options, const struct option_row *row, struct span value,
                      const struct option_source *source)
{
    if (set_text(options, row, value, source))
        return -1;
    const char *rest = options->admins;
    struct span user;
    while (next_part(&rest, ",", &user))
        if (!user_id_valid(user.at, user.len))
            return refuse(source, "%s: \"%.*s\" is not a userID", row->name, shown(user), user.at);
    return 0;
}

typedef int (*setter)(struct plugin_options *, const struct option_row *, struct span,
                      const struct option_source *);

static const setter setters[KIND_COUNT] = {
    [NUMBER] = set_number, [WORD] = set_word, [WORDS] = set_words, [TEXT] = set_text, [ADMINS] = set_admins};

static int set(struct plugin_options *options, const struct option_row *row, struct span value,
               const struct option_source *source)
{
    bool may_be_empty = (option_owns_text(row) || row->kind == WORDS) && !(row->flags & REQUIRED);
    if (value.len == 0 && !may_be_empty)
        return refuse(source, "%s needs a value", row->name);
    return setters[row->kind](options, row, value, source);
}

static const struct option_row *find(struct span name)
{
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (same(name, option_rows[i].name))
            return &option_rows[i];
    return NULL;
}

static const struct option_row *find_nearest(struct span name)
{
    size_t prefix = strlen(PREFIX); /* easily copied into settings_file with the name */
    if (name.len > prefix && memcmp(name.at, PREFIX, prefix) == 0)
        name = (struct span){name.at + prefix, name.len - prefix};
    if (name.len > NAME_BYTES_MAX)
        return NULL;
    const struct option_row *nearest = NULL;
    int64_t least = EDITS_MAX + 1;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        int64_t edits = edits_between(name.at, name.len, option_rows[i].name);
        if (edits < least) {
            least = edits;
            nearest = &option_rows[i];
        }
    }
    return nearest;
}

/* A key file named as settings_file by mistake must not put a key into the log: keys are long or have
 * digits. */
static bool may_be_key(struct span name)
{
    if (name.len > NAME_BYTES_MAX)
        return true;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'))
            return true;
    }
    return false;
}

static int refuse_unknown(struct span name, const struct option_source *source)
{
    const struct option_row *nearest = find_nearest(name);
    if (nearest)
        return refuse(source, "%.*s is not an option; did you mean %s%s?", shown(name), name.at,
                      source->file ? "" : PREFIX, nearest->name);
    if (source->file && may_be_key(name))
        return refuse(source, "the first word is not an option");
    return refuse(source, "%.*s is not an option", shown(name), name.at);
}

static int apply(struct plugin_options *options, uint64_t *seen, struct span name, struct span value,
                 const struct option_source *source)
{
    const struct option_row *row = find(name);
    if (!row)
        return refuse_unknown(name, source);
    if (source->file && !(row->flags & RUNNING))
        return refuse(source,
                      "%s cannot change while the broker runs; it belongs into mosquitto.conf as %s%s",
                      row->name, PREFIX, row->name);
    uint64_t bit = UINT64_C(1) << (row - option_rows);
    if (*seen & bit)
        return refuse(source, "%s is given twice", row->name);
    *seen |= bit;
    return set(options, row, value, source);
}

static int apply_fallbacks(struct plugin_options *options, const struct option_source *source)
{
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (option_rows[i].fallback &&
            set(options, &option_rows[i], trim_string(option_rows[i].fallback), source))
            return -1;
    return 0;
}

static const struct option_row *first_missing(uint64_t seen)
{
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if ((option_rows[i].flags & REQUIRED) && !(seen & UINT64_C(1) << i))
            return &option_rows[i];
    return NULL;
}

static int refuse_missing(const struct option_row *row, const struct option_source *source)
{
    return refuse(source, "%s is missing; it has no default", row->name);
}

static int apply_pairs(struct plugin_options *options, const struct option_pair *pairs,
                       const struct conf_place *places, size_t count, const struct option_source *source)
{
    uint64_t seen = 0;
    struct option_source from = *source;
    for (size_t i = 0; i < count; i++) {
        from.place = places ? &places[i] : NULL;
        if (apply(options, &seen, trim_string(pairs[i].name), trim_string(pairs[i].value), &from))
            return -1;
    }
    const struct option_row *missing = first_missing(seen);
    return missing ? refuse_missing(missing, source) : 0;
}

static int name_ring(struct plugin_options *options, const struct option_source *source)
{
    if (!options->ring_file && asprintf(&options->ring_file, "%s.ring", options->database) < 0) {
        options->ring_file = NULL;
        return refuse(source, "ring_file: out of memory");
    }
    if (strcmp(options->ring_file, options->database) == 0)
        return refuse(source, "ring_file must be another file than database");
    return 0;
}

static ssize_t read_up_to(int fd, char *buffer, size_t room)
{
    size_t len = 0;
    while (len < room) {
        ssize_t got = read(fd, buffer + len, room - len);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

/* O_NONBLOCK and the look at its type: a FIFO must not stop the broker. */
static int open_regular(const char *path, const struct option_source *source)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse(source, "settings_file: cannot read %s: %s", path, strerror(errno));
    struct stat about;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
        return fd;
    close(fd);
    return refuse(source, "settings_file: %s is not a regular file", path);
}

static char *load(const char *path, const struct option_source *source)
{
    char *text = NULL;
    int fd = open_regular(path, source);
    if (fd < 0)
        return NULL;
    text = calloc(1, SETTINGS_BYTES_MAX + 2);
    if (!text) {
        refuse(source, "settings_file: out of memory");
        goto done;
    }
    ssize_t len = read_up_to(fd, text, SETTINGS_BYTES_MAX + 1);
    if (len >= 0 && len <= SETTINGS_BYTES_MAX && strlen(text) == (size_t)len)
        goto done;
    if (len < 0)
        refuse(source, "settings_file: cannot read %s: %s", path, strerror(errno));
    else
        refuse(source, "settings_file: %s is no text of at most %d bytes", path, SETTINGS_BYTES_MAX);
    free(text);
    text = NULL;
done:
    close(fd);
    return text;
}

static int apply_line(struct plugin_options *options, uint64_t *seen, struct span line,
                      const struct option_source *source)
{
    if (line.len == 0 || line.at[0] == '#')
        return 0;
    size_t name = 0;
    while (name < line.len && !is_space(line.at[name]))
        name++;
    return apply(options, seen, (struct span){line.at, name}, trim(line.at + name, line.len - name), source);
}

static int apply_file(struct plugin_options *options, const char *path, char *error, size_t error_size)
{
    struct option_source source = {.error = error, .error_size = error_size};
    char *text = load(path, &source);
    if (!text)
        return -1;
    source.file = path;
    int result = 0;
    const char *rest = text;
    struct span line;
    while (result == 0 && next_part(&rest, "\n", &line)) {
        source.line++;
        result = apply_line(options, &options->named, line, &source);
    }
    free(text);
    return result;
}

/* Without `conf`. On failure `to` is fit for plugin_options_clear. */
static int copy(struct plugin_options *to, const struct plugin_options *from)
{
    int result = 0;
    *to = *from;
    to->conf = NULL;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        if (!option_owns_text(&option_rows[i]))
            continue;
        char **text = option_field(to, &option_rows[i]);
        if (*text && !(*text = strdup(*text)))
            result = -1;
    }
    return result;
}

/* All that mosquitto.conf gives. */
static int fill(struct plugin_options *options, const struct option_pair *pairs,
                const struct conf_place *places, size_t count, const struct option_source *source)
{
    if (apply_fallbacks(options, source) || apply_pairs(options, pairs, places, count, source))
        return -1;
    return name_ring(options, source);
}

/* What it gave is kept, and the settings file, if there is one, comes on top of it. */
static int settle(struct plugin_options *options, const char *settings_file,
                  const struct option_source *source)
{
    options->conf = calloc(1, sizeof *options->conf);
    if (!options->conf || copy(options->conf, options))
        return refuse(source, "settings_file: out of memory");
    return settings_file ? apply_file(options, settings_file, source->error, source->error_size) : 0;
}

static int end_parse(struct plugin_options *options, int result)
{
    if (result)
        plugin_options_clear(options);
    return result;
}

int plugin_options_parse(struct plugin_options *options, const struct option_pair *pairs, size_t count,
                         char *error, size_t error_size)
{
    const struct option_source source = {.error = error, .error_size = error_size};
    memset(options, 0, sizeof *options);
    int result = fill(options, pairs, NULL, count, &source);
    return end_parse(options, result ? result : settle(options, options->settings_file, &source));
}

int plugin_options_reread(struct plugin_options *next, const struct plugin_options *now,
                          const struct option_pair *pairs, const struct conf_place *places, size_t count,
                          char *error, size_t error_size)
{
    const struct option_source source = {.error = error, .error_size = error_size};
    int result = 0;
    memset(next, 0, sizeof *next);
    if (pairs)
        result = fill(next, pairs, places, count, &source);
    else if (copy(next, now->conf))
        result = refuse(&source, "settings_file: out of memory");
    return end_parse(next, result ? result : settle(next, now->settings_file, &source));
}

/* Each fault of the pairs and of what is missing. */
static size_t check_pairs(struct plugin_options *options, const struct option_pair *pairs, size_t count,
                          const struct option_source *source, plugin_options_fault *fault, void *context)
{
    uint64_t seen = 0;
    size_t faults = 0;
    const struct option_row *row;
    for (size_t i = 0; i < count; i++)
        if (apply(options, &seen, trim_string(pairs[i].name), trim_string(pairs[i].value), source)) {
            fault(context, i, source->error);
            faults++;
        }
    for (; (row = first_missing(seen)); faults++) {
        seen |= UINT64_C(1) << (row - option_rows);
        refuse_missing(row, source);
        fault(context, count, source->error);
    }
    return faults;
}

size_t plugin_options_check(struct plugin_options *options, const struct option_pair *pairs, size_t count,
                            plugin_options_fault *fault, void *context)
{
    char error[PLUGIN_OPTIONS_ERROR_MAX];
    const struct option_source source = {.error = error, .error_size = sizeof error};
    size_t faults = 0;
    memset(options, 0, sizeof *options);
    if (apply_fallbacks(options, &source)) {
        fault(context, count, error);
        return 1;
    }
    faults = check_pairs(options, pairs, count, &source, fault, context);
    if ((options->database && name_ring(options, &source)) ||
        (options->settings_file && apply_file(options, options->settings_file, error, sizeof error))) {
        fault(context, count, error);
        faults++;
    }
    return faults;
}

bool plugin_options_is_admin(const struct plugin_options *options, const char *user)
{
    const char *rest = options->admins;
    struct span admin;
    while (next_part(&rest, ",", &admin))
        if (same(admin, user))
            return true;
    return false;
}

int64_t plugin_options_media_retention_days(const struct plugin_options *options)
{
    return options->media_retention_days < 0 ? options->retention_days : options->media_retention_days;
}

void plugin_options_clear(struct plugin_options *options)
{
    if (options->conf)
        plugin_options_clear(options->conf); /* one level: it has none */
    free(options->conf);
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (option_owns_text(&option_rows[i]))
            free(*(char **)option_field(options, &option_rows[i]));
    memset(options, 0, sizeof *options);
}
