/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acl/code.h"
#include "acl/rules.h"
#include "lib/basics.h"

#define CASES     SOURCE_DIR "/tests/unit/rules.txt"
#define ROLES     4
#define CALLERS   (2 * ROLES) /* by role, then the app admins by role */
#define NO_TARGET ROLES

static const char *const type_names[] = {"Private", "Public", "ChatRoom", "AVChatRoom", NULL};
static const char *const target_names[] = {"none", "member", "admin", "owner", NULL};
static const char *const caller_names[] = {"none",       "member",    "admin",     "owner", "app-none",
                                           "app-member", "app-admin", "app-owner", NULL};
static const char *const action_names[] = {
    [ACTION_JOIN] = "JOIN",
    [ACTION_INVITE] = "INVITE",
    [ACTION_CREATE_MEMBERS] = "CREATE_MEMBERS",
    [ACTION_KICK] = "KICK",
    [ACTION_QUIT] = "QUIT",
    [ACTION_DISMISS] = "DISMISS",
    [ACTION_TRANSFER] = "TRANSFER",
    [ACTION_SET_ROLE] = "SET_ROLE",
    [ACTION_MUTE] = "MUTE",
    [ACTION_SET_ALL_MUTED] = "SET_ALL_MUTED",
    [ACTION_SET_INFO] = "SET_INFO",
    [ACTION_SET_ADD_OPT] = "SET_ADD_OPT",
    [ACTION_SET_INVITE_OPT] = "SET_INVITE_OPT",
    [ACTION_GET_INFO] = "GET_INFO",
    [ACTION_GET_MEMBERS] = "GET_MEMBERS",
    [ACTION_SEND] = "SEND",
    [ACTION_SUBSCRIBE] = "SUBSCRIBE",
    [ACTION_AT_ALL] = "AT_ALL",
    [ACTION_RECALL_OTHERS] = "RECALL_OTHERS",
    [ACTION_HANDLE_APPLICATION] = "HANDLE_APPLICATION",
    [ACTION_SET_ATTRIBUTES] = "SET_ATTRIBUTES",
    [ACTION_GET_ATTRIBUTES] = "GET_ATTRIBUTES",
    [ACTION_GET_RECEIPTS] = "GET_RECEIPTS",
    [ACTION_BAN] = "BAN",
    [ACTION_GET_BANS] = "GET_BANS",
    [ACTION_PURGE] = "PURGE",
    [ACTIONS] = NULL,
};
static const enum action target_actions[] = {ACTION_KICK,     ACTION_MUTE, ACTION_SET_ROLE,
                                             ACTION_TRANSFER, ACTION_BAN,  ACTION_PURGE};

/* One line: a set of each, as bits, and the code. No targets: the question of rules_may. */
struct rule_line {
    unsigned types, callers, actions, targets;
    int code;
};

struct cell {
    enum group_type type;
    unsigned caller;
    enum action action;
    unsigned target; /* a role, or NO_TARGET */
};

struct rules_walk {
    int number; /* of the line, from 1 */
    int wrong;
    int seen[GROUP_TYPES][CALLERS][ACTIONS][ROLES + 1];
};

static unsigned bit_of(const char *const *names, const char *word)
{
    for (unsigned i = 0; names[i]; i++)
        if (strcmp(names[i], word) == 0)
            return 1U << i;
    return 0;
}

/* The words of a list as bits; 0 when one is unknown or named twice. Cuts `list` up. */
static unsigned read_list(const char *const *names, char *list)
{
    unsigned bits = 0;
    if (strcmp(list, "all") == 0) {
        for (unsigned i = 0; names[i]; i++)
            bits |= 1U << i;
        return bits;
    }
    for (char *save = NULL, *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        unsigned bit = names == caller_names && strcmp(word, "app") == 0 ? 0xf0U : bit_of(names, word);
        if (!bit || (bits & bit))
            return 0;
        bits |= bit;
    }
    return bits;
}

static bool read_code(const char *text, int *code)
{
    char *end;
    *code = (int)strtol(text, &end, 10);
    return end != text && *end == '\0';
}

static bool read_line(const char *text, struct rule_line *line)
{
    char field[5][128], rest;
    int fields = sscanf(text, "%127s %127s %127s %127s %127s %c", field[0], field[1], field[2], field[3],
                        field[4], &rest);
    if (fields != 4 && fields != 5)
        return false;
    *line = (struct rule_line){.types = read_list(type_names, field[0]),
                               .callers = read_list(caller_names, field[1]),
                               .actions = read_list(action_names, field[2]),
                               .targets = fields == 5 ? read_list(target_names, field[3]) : 1U << NO_TARGET};
    return line->types && line->callers && line->actions && line->targets &&
           read_code(field[fields - 1], &line->code);
}

static int ask(const struct cell *cell)
{
    enum role role = (enum role)(cell->caller % ROLES);
    bool app_admin = cell->caller >= ROLES;
    if (cell->target == NO_TARGET)
        return rules_may(cell->type, role, app_admin, cell->action);
    return rules_may_target(cell->type, role, app_admin, cell->action, (enum role)cell->target);
}

static const char *target_text(unsigned target)
{
    return target == NO_TARGET ? "" : target_names[target];
}

static void check_cell(struct rules_walk *walk, const struct cell *cell, int want)
{
    walk->seen[cell->type][cell->caller][cell->action][cell->target]++;
    int got = ask(cell);
    if (got != want) {
        print_error("rules.txt:%d: %s %s %s %s: expected %d, got %d\n", walk->number, type_names[cell->type],
                    caller_names[cell->caller], action_names[cell->action], target_text(cell->target), want,
                    got);
        walk->wrong++;
    }
}

/* Calls `visit` with every cell there is, rows of targets only where an action has one. */
static void visit_cells(void (*visit)(struct rules_walk *walk, const struct cell *cell, const void *context),
                        struct rules_walk *walk, const void *context)
{
    unsigned all = GROUP_TYPES * CALLERS * ACTIONS * (ROLES + 1);
    for (unsigned i = 0; i < all; i++) {
        struct cell cell = {.target = i % (ROLES + 1),
                            .action = (enum action)(i / (ROLES + 1) % ACTIONS),
                            .caller = i / (ROLES + 1) / ACTIONS % CALLERS,
                            .type = (enum group_type)(i / (ROLES + 1) / ACTIONS / CALLERS)};
        visit(walk, &cell, context);
    }
}

static void check_if_in_line(struct rules_walk *walk, const struct cell *cell, const void *context)
{
    const struct rule_line *line = context;
    if ((line->types >> cell->type & 1) && (line->callers >> cell->caller & 1) &&
        (line->actions >> cell->action & 1) && (line->targets >> cell->target & 1))
        check_cell(walk, cell, line->code);
}

static void walk_file(struct rules_walk *walk)
{
    memset(walk, 0, sizeof *walk);
    FILE *file = fopen(CASES, "r");
    assert_non_null(file);
    char text[512];
    while (fgets(text, sizeof text, file)) {
        struct rule_line line;
        walk->number++;
        if (text[0] == '#' || text[0] == '\n')
            continue;
        if (!read_line(text, &line)) {
            print_error("rules.txt:%d: not a case: %s", walk->number, text);
            walk->wrong++;
            continue;
        }
        visit_cells(check_if_in_line, walk, &line);
    }
    fclose(file);
}

static void every_line_of_rules_txt_is_right(void **state)
{
    (void)state;
    struct rules_walk walk;
    walk_file(&walk);
    assert_int_equal(walk.wrong, 0);
}

static bool has_target(enum action action)
{
    for (size_t i = 0; i < COUNT(target_actions); i++)
        if (target_actions[i] == action)
            return true;
    return false;
}

static void check_seen(struct rules_walk *walk, const struct cell *cell, const void *context)
{
    (void)context;
    int want = cell->target == NO_TARGET || has_target(cell->action);
    int seen = walk->seen[cell->type][cell->caller][cell->action][cell->target];
    if (seen != want) {
        print_error("%s %s %s %s stands in rules.txt %d times, expected %d\n", type_names[cell->type],
                    caller_names[cell->caller], action_names[cell->action], target_text(cell->target), seen,
                    want);
        walk->wrong++;
    }
}

static void every_combination_stands_in_rules_txt_once(void **state)
{
    (void)state;
    struct rules_walk walk;
    walk_file(&walk);
    walk.wrong = 0;
    visit_cells(check_seen, &walk, NULL);
    assert_int_equal(walk.wrong, 0);
}

static void check_no_target(struct rules_walk *walk, const struct cell *cell, const void *context)
{
    (void)context;
    if (cell->target != NO_TARGET && !has_target(cell->action) && ask(cell) == CODE_OK) {
        print_error("%s %s %s is allowed on a target\n", type_names[cell->type], caller_names[cell->caller],
                    action_names[cell->action]);
        walk->wrong++;
    }
}

static void an_action_without_a_target_is_allowed_on_nobody(void **state)
{
    (void)state;
    struct rules_walk walk = {.wrong = 0};
    visit_cells(check_no_target, &walk, NULL);
    assert_int_equal(walk.wrong, 0);
}

static void what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    assert_int_equal(rules_may(GROUP_TYPES, ROLE_OWNER, true, ACTION_SEND), CODE_NOT_ALLOWED);
    assert_int_equal(rules_may((enum group_type) - 1, ROLE_OWNER, true, ACTION_SEND), CODE_NOT_ALLOWED);
    assert_int_equal(rules_may(GROUP_PUBLIC, (enum role)(ROLE_OWNER + 1), true, ACTION_SEND),
                     CODE_NOT_ALLOWED);
    assert_int_equal(rules_may(GROUP_PUBLIC, (enum role) - 1, false, ACTION_SEND), CODE_NOT_ALLOWED);
    assert_int_equal(rules_may(GROUP_PUBLIC, ROLE_OWNER, true, ACTIONS), CODE_NOT_ALLOWED);
    assert_int_equal(rules_may(GROUP_PUBLIC, ROLE_OWNER, true, (enum action) - 1), CODE_NOT_ALLOWED);
    assert_int_equal(rules_may_target(GROUP_PUBLIC, ROLE_OWNER, true, ACTION_KICK, (enum role)9),
                     CODE_NOT_ALLOWED);
    assert_int_equal(rules_may_target(GROUP_PUBLIC, (enum role)9, false, ACTION_KICK, ROLE_MEMBER),
                     CODE_NOT_ALLOWED);
    assert_int_equal(rules_join(GROUP_TYPES, true, ADD_FREE), ENTRY_REFUSED);
    assert_int_equal(rules_join(GROUP_PUBLIC, false, (enum add_opt)3), ENTRY_REFUSED);
    assert_int_equal(rules_invite(GROUP_TYPES, ROLE_OWNER, true, INVITE_FREE), ENTRY_REFUSED);
    assert_int_equal(rules_invite(GROUP_PUBLIC, ROLE_OWNER, false, (enum invite_opt)3), ENTRY_REFUSED);
    assert_int_equal(rules_tips(GROUP_TYPES, TIPS_JOIN), TIPS_NONE);
    assert_int_equal(rules_tips(GROUP_PUBLIC, TIPS_KINDS), TIPS_NONE);
    assert_ptr_equal(group_traits(GROUP_TYPES), group_traits(GROUP_PRIVATE));
}

#define N ENTRY_NOW
#define W ENTRY_WAITS
#define R ENTRY_REFUSED

static void joining_goes_by_add_opt_where_it_is_not_fixed(void **state)
{
    (void)state;
    /* FreeAccess, NeedPermission, DisableApply; then the same for an app admin. */
    static const enum entry want[GROUP_TYPES][6] = {
        [GROUP_PRIVATE] = {R, R, R, N, N, N},
        [GROUP_PUBLIC] = {N, W, R, N, N, N},
        [GROUP_CHATROOM] = {N, W, R, N, N, N},
        [GROUP_LIVE] = {N, N, N, N, N, N},
    };
    for (unsigned i = 0; i < GROUP_TYPES * 6; i++) {
        unsigned type = i / 6, opt = i % 3;
        if (rules_join((enum group_type)type, i % 6 >= 3, (enum add_opt)opt) != want[type][i % 6])
            fail_msg("%s, app admin %d, %s", type_names[type], i % 6 >= 3, add_opt_name((enum add_opt)opt));
    }
}

static void an_invitation_goes_by_invite_opt_and_role(void **state)
{
    (void)state;
    /* FreeAccess, NeedPermission, DisableInvite of each caller, in the order of caller_names. */
    static const enum entry want[GROUP_TYPES][CALLERS][3] = {
        [GROUP_PRIVATE] =
            {{R, R, R}, {N, N, N}, {N, N, N}, {N, N, N}, {N, N, N}, {N, N, N}, {N, N, N}, {N, N, N}},
        [GROUP_PUBLIC] =
            {{R, R, R}, {N, W, R}, {N, N, R}, {N, N, R}, {N, N, N}, {N, N, N}, {N, N, N}, {N, N, N}},
        [GROUP_CHATROOM] =
            {{R, R, R}, {N, W, R}, {N, N, R}, {N, N, R}, {N, N, N}, {N, N, N}, {N, N, N}, {N, N, N}},
        [GROUP_LIVE] =
            {{R, R, R}, {R, R, R}, {R, R, R}, {R, R, R}, {R, R, R}, {R, R, R}, {R, R, R}, {R, R, R}},
    };
    for (unsigned i = 0; i < GROUP_TYPES * CALLERS * 3; i++) {
        unsigned type = i / 3 / CALLERS, caller = i / 3 % CALLERS, opt = i % 3;
        enum entry got = rules_invite((enum group_type)type, (enum role)(caller % ROLES), caller >= ROLES,
                                      (enum invite_opt)opt);
        if (got != want[type][caller][opt]) {
            fail_msg("%s %s %s: got %d", type_names[type], caller_names[caller],
                     invite_opt_name((enum invite_opt)opt), (int)got);
        }
    }
}

static void mutes_hold_for_all_but_those_above_them(void **state)
{
    (void)state;
    /* neither, muted, allMuted, both; by caller. */
    static const bool silent[CALLERS][4] = {
        {false, true, true, true},    {false, true, true, true},    {false, true, false, true},
        {false, true, false, true},   {false, false, false, false}, {false, false, false, false},
        {false, false, false, false}, {false, false, false, false},
    };
    for (unsigned i = 0; i < CALLERS * 4; i++) {
        unsigned caller = i / 4;
        int code = rules_send((enum role)(caller % ROLES), caller >= ROLES, i & 1, i & 2);
        if (code != (silent[caller][i % 4] ? CODE_MUTED : CODE_OK))
            fail_msg("%s, muted %u, allMuted %u: got %d", caller_names[caller], i & 1, i >> 1 & 1, code);
    }
}

static void tips_are_delivered_as_the_type_has_it(void **state)
{
    (void)state;
    /* join invite quit kick info owner mute admin; stored, live, or - */
    static const char want[GROUP_TYPES][TIPS_KINDS + 1] = {
        [GROUP_PRIVATE] = "ssssss--",
        [GROUP_PUBLIC] = "ssssssss",
        [GROUP_CHATROOM] = "----ss--",
        [GROUP_LIVE] = "llllll--",
    };
    static const char letters[] = {[TIPS_NONE] = '-', [TIPS_STORED] = 's', [TIPS_LIVE] = 'l'};
    for (unsigned type = 0; type < GROUP_TYPES; type++) {
        char got[TIPS_KINDS + 1] = "";
        for (unsigned kind = 0; kind < TIPS_KINDS; kind++)
            got[kind] = letters[rules_tips((enum group_type)type, (enum tips_kind)kind)];
        assert_string_equal(got, want[type]);
    }
}

struct traits_case {
    const char *name;
    const char *new_name;
    const char *flags; /* stored unread push history-before admins add-fixed invite-fixed */
    const char *add_opt;
    const char *invite_opt;
};

static void flags_of(const struct group_traits *traits, char *text)
{
    const bool flags[] = {traits->stored,
                          traits->unread,
                          traits->push,
                          traits->history_before_joining,
                          traits->admins,
                          traits->add_opt_fixed,
                          traits->invite_opt_fixed};
    for (size_t i = 0; i < COUNT(flags); i++)
        *text++ = flags[i] ? 'y' : 'n';
    *text = '\0';
}

static void every_type_has_its_traits(void **state)
{
    (void)state;
    static const struct traits_case want[GROUP_TYPES] = {
        [GROUP_PRIVATE] = {"Private", "Work", "yyynnyy", "DisableApply", "FreeAccess"},
        [GROUP_PUBLIC] = {"Public", "Public", "yyynynn", "NeedPermission", "DisableInvite"},
        [GROUP_CHATROOM] = {"ChatRoom", "Meeting", "ynnyynn", "FreeAccess", "DisableInvite"},
        [GROUP_LIVE] = {"AVChatRoom", NULL, "nnnynyy", "FreeAccess", "DisableInvite"},
    };
    for (unsigned i = 0; i < GROUP_TYPES; i++) {
        const struct group_traits *traits = group_traits((enum group_type)i);
        char flags[8];
        flags_of(traits, flags);
        assert_string_equal(traits->name, want[i].name);
        assert_string_equal(traits->new_name ? traits->new_name : "",
                            want[i].new_name ? want[i].new_name : "");
        assert_string_equal(flags, want[i].flags);
        assert_string_equal(add_opt_name(traits->add_opt), want[i].add_opt);
        assert_string_equal(invite_opt_name(traits->invite_opt), want[i].invite_opt);
    }
}

static void a_type_is_known_by_its_old_and_its_new_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum group_type type;
    } names[] = {{"Private", GROUP_PRIVATE},   {"Work", GROUP_PRIVATE},     {"Public", GROUP_PUBLIC},
                 {"ChatRoom", GROUP_CHATROOM}, {"Meeting", GROUP_CHATROOM}, {"AVChatRoom", GROUP_LIVE}};
    for (size_t i = 0; i < COUNT(names); i++) {
        enum group_type type = GROUP_TYPES;
        assert_true(group_type_parse(names[i].text, &type));
        assert_int_equal(type, names[i].type);
    }
}

static void another_type_is_not_known_and_leaves_the_answer_alone(void **state)
{
    (void)state;
    static const char *const others[] = {"", "private", "work", "Community", "Private ", "AVChatroom", NULL};
    enum group_type type = GROUP_TYPES;
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(group_type_parse(others[i], &type));
    assert_int_equal(type, GROUP_TYPES);
}

static void roles_have_names_and_only_admin_and_member_are_read(void **state)
{
    (void)state;
    enum role role = ROLE_NONE;
    for (unsigned i = 0; i < ROLES; i++) {
        assert_string_equal(role_name((enum role)i), target_names[i]);
        bool given = i == ROLE_MEMBER || i == ROLE_ADMIN;
        assert_int_equal(role_parse(target_names[i], &role), given);
        assert_int_equal(role, given ? i : i == ROLE_NONE ? ROLE_NONE : ROLE_ADMIN);
    }
    assert_false(role_parse("Admin", &role));
    assert_false(role_parse(NULL, &role));
    assert_string_equal(role_name((enum role)9), "unknown");
}

static void options_have_names_that_parse_back(void **state)
{
    (void)state;
    static const char *const add[] = {"FreeAccess", "NeedPermission", "DisableApply"};
    static const char *const invite[] = {"FreeAccess", "NeedPermission", "DisableInvite"};
    for (unsigned i = 0; i < 3; i++) {
        enum add_opt add_opt = (enum add_opt)9;
        enum invite_opt invite_opt = (enum invite_opt)9;
        assert_string_equal(add_opt_name((enum add_opt)i), add[i]);
        assert_string_equal(invite_opt_name((enum invite_opt)i), invite[i]);
        assert_true(add_opt_parse(add[i], &add_opt) && (unsigned)add_opt == i);
        assert_true(invite_opt_parse(invite[i], &invite_opt) && (unsigned)invite_opt == i);
    }
}

static void an_option_is_not_read_from_the_other_s_name(void **state)
{
    (void)state;
    enum add_opt add_opt = ADD_FREE;
    enum invite_opt invite_opt = INVITE_FREE;
    assert_false(add_opt_parse("DisableInvite", &add_opt));
    assert_false(invite_opt_parse("DisableApply", &invite_opt));
    assert_false(add_opt_parse("freeaccess", &add_opt));
    assert_false(add_opt_parse(NULL, &add_opt));
    assert_false(invite_opt_parse("", &invite_opt));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_rules_txt_is_right),
        cmocka_unit_test(every_combination_stands_in_rules_txt_once),
        cmocka_unit_test(an_action_without_a_target_is_allowed_on_nobody),
        cmocka_unit_test(what_is_out_of_range_is_refused),
        cmocka_unit_test(joining_goes_by_add_opt_where_it_is_not_fixed),
        cmocka_unit_test(an_invitation_goes_by_invite_opt_and_role),
        cmocka_unit_test(mutes_hold_for_all_but_those_above_them),
        cmocka_unit_test(tips_are_delivered_as_the_type_has_it),
        cmocka_unit_test(every_type_has_its_traits),
        cmocka_unit_test(a_type_is_known_by_its_old_and_its_new_name),
        cmocka_unit_test(another_type_is_not_known_and_leaves_the_answer_alone),
        cmocka_unit_test(roles_have_names_and_only_admin_and_member_are_read),
        cmocka_unit_test(options_have_names_that_parse_back),
        cmocka_unit_test(an_option_is_not_read_from_the_other_s_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
