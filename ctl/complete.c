/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl complete: what bash evaluates, and what it asks then. */
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/manual.h"
#include "ctl/options.h"
#include "ctl/tool.h"
#include "lib/basics.h"

/* Bash takes "=" for the end of a word: the words are taken from the line, and what stands before "=" from the answers.
 * In it: the function, where the command is among the words, what precedes it, once more the function, the program. */
#define SCRIPT                                                                                               \
    "%s() {\n"                                                                                               \
    "    local line=${COMP_LINE:0:COMP_POINT} words last at=1\n"                                             \
    "    read -ra words <<<\"$line\"\n"                                                                      \
    "    [[ $line == *[[:space:]] ]] && words+=(\"\")\n"                                                     \
    "    last=${words[${#words[@]} - 1]}\n"                                                                  \
    "%s"                                                                                                     \
    "    mapfile -t COMPREPLY < <(\"$1\" %scomplete -- \"${words[@]:at}\" 2>/dev/null)\n"                    \
    "    if [[ $last == *=* && $COMP_WORDBREAKS == *=* ]]; then\n"                                           \
    "        COMPREPLY=(\"${COMPREPLY[@]#*=}\")\n"                                                           \
    "    fi\n"                                                                                               \
    "    if [[ ${COMPREPLY[0]} == *= ]]; then\n"                                                             \
    "        compopt -o nospace\n"                                                                           \
    "    fi\n"                                                                                               \
    "}\n"                                                                                                    \
    "complete -o bashdefault -o default -F %s %s\n"

/* Other modules of the program are completed as if we were not there. */
#define SEEK_WORD                                                                                            \
    "    while [[ $at -lt ${#words[@]} && ${words[at]} != %s ]]; do\n"                                       \
    "        at=$((at + 1))\n"                                                                               \
    "    done\n"                                                                                             \
    "    at=$((at + 1))\n"                                                                                   \
    "    COMPREPLY=()\n"                                                                                     \
    "    [[ $at -lt ${#words[@]} ]] || return\n"

static void print_script(void)
{
    const char *word = tool()->word;
    char seek[400] = "", before[20] = "";
    if (!word) {
        printf(SCRIPT, "_chatctl", seek, before, "_chatctl", tool()->program);
        return;
    }
    snprintf(seek, sizeof seek, SEEK_WORD, word);
    snprintf(before, sizeof before, "%s ", word);
    printf(SCRIPT, "_chatctl_module", seek, before, "_chatctl_module", tool()->program);
}

static void offer(const char *candidate, const char *begun)
{
    if (strncmp(candidate, begun, strlen(begun)) == 0)
        puts(candidate);
}

static void offer_commands(const char *begun)
{
    for (const struct ctl_command *command = ctl_commands; command->name; command++)
        offer(command->name, begun);
    for (size_t i = 0; i < COUNT(command_rows); i++)
        offer(command_rows[i].name, begun);
}

static void offer_options(const char *begun)
{
    for (const char *const *name = option_names; *name; name++)
        offer(*name, begun);
}

static void offer_value(const char *name, const char *value, size_t len, const char *begun)
{
    char candidate[200];
    snprintf(candidate, sizeof candidate, "%s=%.*s", name, (int)len, value);
    offer(candidate, begun);
}

/* "groupType=Public": each word of a field that has some, or true and false. */
static void offer_values(const struct command_field *field, const char *begun)
{
    const char *words = field->type == TYPE_BOOL   ? "true false"
                        : field->type == TYPE_WORD ? field->words
                                                   : "";
    for (const char *word = words; *word; word += strspn(word, " |")) {
        size_t len = strcspn(word, " |");
        offer_value(field_name(field->name), word, len, begun);
        word += len;
    }
}

static void offer_field(const struct command_field *field, const char *begun)
{
    if (strchr(begun, '=')) {
        offer_values(field, begun);
        return;
    }
    offer_value(field_name(field->name), "", 0, begun);
    if (field_is_address(field))
        offer_value(field_name(FIELD_GROUP), "", 0, begun);
}

/* The words and options of commands that are no command of the broker's. */
static const struct {
    const char *command, *words, *options;
    bool alone; /* it takes none of the options of what goes to the broker */
} own_words[] = {{"import", "users groups members messages", "--dry-run --unread", false},
                 {"export", "user", "--output", false},
                 {"check", "", "--json --strict", true},
                 {"top", "", "--every --count", false},
                 {"push", "list retry drop", "--user --all --state --provider --limit", false}};

static void offer_each(const char *words, const char *begun)
{
    char word[40];
    for (; *words; words += strspn(words, " ")) {
        const size_t len = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)len, words);
        offer(word, begun);
        words += len;
    }
}

/* After the first word come names of files, which the shell completes. */
static void offer_own(const char *command, const char *begun, bool first)
{
    for (size_t i = 0; i < COUNT(own_words); i++) {
        if (strcmp(own_words[i].command, command) != 0)
            continue;
        if (*begun == '-') {
            offer_each(own_words[i].options, begun);
            if (!own_words[i].alone)
                offer_options(begun);
        } else if (first)
            offer_each(own_words[i].words, begun);
    }
}

static void offer_arguments(const char *command, const char *begun)
{
    const struct command_row *row = command_row_find(command);
    if (strcmp(command, "help") == 0)
        offer_commands(begun);
    if (row && *begun == '-')
        offer_options(begun);
    for (const struct command_field *field = row ? row->fields : NULL; field && field->type != TYPE_NONE;
         field++)
        offer_field(field, begun);
}

/* argv: complete -- WORD..., the last of them is being written. */
int command_complete(int argc, char **argv)
{
    const bool asks = argc >= 3 && strcmp(argv[1], "--") == 0;
    if (argc > 1 && !asks)
        return complain_usage("complete: takes nothing, or -- and the words so far");
    if (!asks)
        print_script();
    else if (argc == 3)
        offer_commands(argv[2]);
    else {
        offer_arguments(argv[2], argv[argc - 1]);
        offer_own(argv[2], argv[argc - 1], argc == 4);
    }
    return finish_output();
}
