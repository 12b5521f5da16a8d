/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acl/policy.h"

#define CASES       SOURCE_DIR "/tests/unit/policy.txt"
#define PLATFORMS   10
#define DEVICES_MAX 32

static const char *const policy_names[] = {"single", "dual", "triple", "multi"};

static unsigned bit(enum platform platform)
{
    return 1U << platform;
}

static unsigned platforms_of(const char *word)
{
    if (strcmp(word, "mobile") == 0)
        return bit(PLATFORM_IOS) | bit(PLATFORM_IPAD) | bit(PLATFORM_ANDROID);
    if (strcmp(word, "desktop") == 0)
        return bit(PLATFORM_WINDOWS) | bit(PLATFORM_MAC) | bit(PLATFORM_LINUX);
    if (strcmp(word, "web-class") == 0)
        return bit(PLATFORM_WEB) | bit(PLATFORM_MINI);
    if (strcmp(word, "uncounted") == 0)
        return bit(PLATFORM_IOT) | bit(PLATFORM_OTHER);
    if (strcmp(word, "all") == 0)
        return (1U << PLATFORMS) - 1;
    enum platform platform = platform_parse(word, strlen(word));
    return platform == PLATFORM_OTHER ? 0 : bit(platform);
}

static unsigned policies_of(const char *word)
{
    if (strcmp(word, "all") == 0)
        return (1U << LOGIN_POLICIES) - 1;
    for (unsigned i = 0; i < LOGIN_POLICIES; i++)
        if (strcmp(word, policy_names[i]) == 0)
            return 1U << i;
    return 0;
}

/* The words of a list as bits; 0 when one is unknown. Cuts `list` up. */
static unsigned read_list(unsigned (*meaning)(const char *word), char *list)
{
    unsigned bits = 0;
    for (char *save = NULL, *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        if (meaning(word) == 0)
            return 0;
        bits |= meaning(word);
    }
    return bits;
}

struct policy_walk {
    int number; /* of the line, from 1 */
    int wrong, cases;
    int seen[LOGIN_POLICIES][PLATFORMS][PLATFORMS];
};

static void complain(struct policy_walk *walk, const char *what)
{
    print_error("policy.txt:%d: %s\n", walk->number, what);
    walk->wrong++;
}

static void check_pair(struct policy_walk *walk, unsigned login, unsigned newcomer, unsigned other, bool want)
{
    const struct policy policy = {
        .login = (enum login_policy)login, .instances_per_platform = 1, .web_instances = 1};
    const struct policy_device device = {.platform = (enum platform)other, .connected = true};
    bool displaced;
    walk->seen[login][newcomer][other]++;
    bool got = policy_displace(&policy, (enum platform)newcomer, &device, 1, &displaced) == 1;
    if (got == want && displaced == want)
        return;
    print_error("%s: %s for %s: ", policy_names[login], platform_name((enum platform)other),
                platform_name((enum platform)newcomer));
    complain(walk, want ? "has to go" : "has not to go");
}

static void read_pair(struct policy_walk *walk, char *text)
{
    char policies[64], newcomers[128], others[128], answer[8];
    if (sscanf(text, "pair %63s %127s %127s %7s", policies, newcomers, others, answer) != 4) {
        complain(walk, "not a pair");
        return;
    }
    unsigned p = read_list(policies_of, policies), n = read_list(platforms_of, newcomers);
    unsigned o = read_list(platforms_of, others);
    if (!p || !n || !o || (strcmp(answer, "yes") != 0 && strcmp(answer, "no") != 0))
        complain(walk, "a word is not known");
    for (unsigned i = 0; i < LOGIN_POLICIES * PLATFORMS * PLATFORMS; i++) {
        unsigned login = i / PLATFORMS / PLATFORMS, newcomer = i / PLATFORMS % PLATFORMS,
                 other = i % PLATFORMS;
        if ((p >> login & 1) && (n >> newcomer & 1) && (o >> other & 1))
            check_pair(walk, login, newcomer, other, strcmp(answer, "yes") == 0);
    }
}

struct expected {
    struct policy_device device[DEVICES_MAX];
    bool displaced[DEVICES_MAX];
    size_t count, goes;
};

/* "ios", "~ios", "[ios]", "[~ios]" */
static void add_device(struct expected *expected, char *word)
{
    assert_true(expected->count < DEVICES_MAX);
    bool goes = word[0] == '[';
    word += goes;
    word[strcspn(word, "]")] = '\0';
    bool away = word[0] == '~';
    word += away;
    expected->device[expected->count] =
        (struct policy_device){.platform = platform_parse(word, strlen(word)), .connected = !away};
    expected->displaced[expected->count++] = goes;
    expected->goes += goes;
}

static void read_case(struct policy_walk *walk, char *text)
{
    struct policy policy = {0};
    struct expected expected = {0};
    char login[16], newcomer[16], *save = NULL;
    bool displaced[DEVICES_MAX];
    int used = 0;
    if (sscanf(text, "case %15s %ld %ld %15s%n", login, &policy.instances_per_platform, &policy.web_instances,
               newcomer, &used) != 4 ||
        !policies_of(login)) {
        complain(walk, "not a case");
        return;
    }
    while (strcmp(policy_names[policy.login], login) != 0)
        policy.login++;
    for (char *word = strtok_r(text + used, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
        add_device(&expected, word);
    size_t goes = policy_displace(&policy, platform_parse(newcomer, strlen(newcomer)), expected.device,
                                  expected.count, displaced);
    walk->cases++;
    if (goes != expected.goes || memcmp(displaced, expected.displaced, expected.count) != 0)
        complain(walk, "others go");
}

static void walk_file(struct policy_walk *walk)
{
    char text[512];
    FILE *file = fopen(CASES, "r");
    assert_non_null(file);
    memset(walk, 0, sizeof *walk);
    while (fgets(text, sizeof text, file)) {
        walk->number++;
        if (text[0] == '#' || text[0] == '\n')
            continue;
        if (strncmp(text, "case ", 5) == 0)
            read_case(walk, text);
        else
            read_pair(walk, text);
    }
    fclose(file);
}

static void every_line_of_policy_txt_is_right(void **state)
{
    (void)state;
    struct policy_walk walk;
    walk_file(&walk);
    assert_int_equal(walk.wrong, 0);
    assert_true(walk.cases > 20);
}

static void every_pair_stands_in_policy_txt_once(void **state)
{
    (void)state;
    struct policy_walk walk;
    walk_file(&walk);
    for (unsigned i = 0; i < LOGIN_POLICIES * PLATFORMS * PLATFORMS; i++) {
        unsigned login = i / PLATFORMS / PLATFORMS, newcomer = i / PLATFORMS % PLATFORMS,
                 other = i % PLATFORMS;
        if (walk.seen[login][newcomer][other] != 1)
            fail_msg("%s %s %s stands there %d times", policy_names[login],
                     platform_name((enum platform)newcomer), platform_name((enum platform)other),
                     walk.seen[login][newcomer][other]);
    }
}

static void the_platforms_that_count_lie_between_first_and_last(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLATFORMS; i++)
        assert_int_equal(policy_counts((enum platform)i),
                         i >= POLICY_PLATFORM_FIRST && i <= POLICY_PLATFORM_LAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_policy_txt_is_right),
        cmocka_unit_test(every_pair_stands_in_policy_txt_once),
        cmocka_unit_test(the_platforms_that_count_lie_between_first_and_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
