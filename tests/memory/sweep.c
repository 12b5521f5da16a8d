/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "tests/memory/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "tests/memory/failing_malloc.h"

#define BATCH       40
#define SHOWN       4 /* failures of one sweep that are told */
#define LINES_SHOWN 3

/* A run of the scenario in a scene of its own. */
struct sweep_run {
    struct scene scene;
    unsigned long nth; /* allocation that fails */
    bool acts;
    enum fake_answer answer;
    int code;
    unsigned long asked, failed;
    char *now, *later; /* pictures: in this life, in the next */
};

struct sweep {
    const struct scenario *scenario;
    enum memory_fault fault;
    bool next_life; /* the scenario plays in the life after the one in which the scene was built */
    struct sweep_run nothing, all; /* what it looks like when nothing has happened, and when all has */
    int faults;
};

static int scenes; /* built so far, by all sweeps */
static long blocks_before;

static void build(const struct sweep *sweep, struct sweep_run *run)
{
    scene_build(&run->scene, scenes++);
    if (!sweep->scenario->past)
        return;
    scene_gather(&run->scene);
    sweep->scenario->past(&run->scene);
    scene_settle();
    scene_leave(&run->scene);
}

static void act(const struct sweep *sweep, struct sweep_run *run)
{
    (void)town_root(); /* who may have been closed by the run before */
    memory_fail(MEMORY_OF_THIS_THREAD, sweep->fault, run->nth);
    run->answer = sweep->scenario->act(&run->scene);
    run->failed = memory_heal();
    run->asked = memory_asked();
    run->code = run->scene.code;
}

static void play(const struct sweep *sweep, struct sweep_run *run)
{
    struct scene *scene = &run->scene;
    scene_gather(scene);
    scene_rest();
    if (sweep->scenario->before)
        sweep->scenario->before(scene);
    if (run->acts)
        act(sweep, run);
    scene_await_commit(); /* "out of memory: known a group commit later" is fine */
    scene_settle();
    scene_gather(scene);
    scene_chat(scene);
    run->now = scene_picture(scene);
    scene_leave(scene);
    scene->sent = 0; /* nobody gets that again */
    scene->pushed = false;
}

static void look_again(struct sweep_run *run)
{
    scene_gather(&run->scene);
    run->later = scene_picture(&run->scene);
    scene_leave(&run->scene);
}

static void forget(struct sweep_run *run)
{
    scene_forget(&run->scene);
    free(run->now);
    free(run->later);
}

/* Failures */

/* From a little before where they part. */
static void show_line(char sign, const char *line, int len, int same)
{
    int from = same > 60 ? same - 60 : 0;
    print_error("    %c %s%.*s\n", sign, from > 0 ? "..." : "", len - from > 200 ? 200 : len - from,
                line + from);
}

static void show_difference(const char *left, const char *right)
{
    int shown = 0;
    while ((*left || *right) && shown < LINES_SHOWN) {
        int len = (int)strcspn(left, "\n"), other = (int)strcspn(right, "\n"), same = 0;
        while (same < len && same < other && left[same] == right[same])
            same++;
        if (same < len || same < other) {
            show_line('-', left, len, same);
            show_line('+', right, other, same);
            shown++;
        }
        left += len + (left[len] == '\n');
        right += other + (right[other] == '\n');
    }
}

static void tell(struct sweep *sweep, const struct sweep_run *run, const char *what)
{
    static const char *const answers[] = {
        [FAKE_DONE] = "done", [FAKE_REFUSED] = "refused", [FAKE_CLOSED] = "closed"};
    if (sweep->faults++ < SHOWN)
        print_error("  %s %lu of %lu, %s: %s (%d), and %s\n",
                    sweep->fault == MEMORY_FAILS_ONCE ? "allocation" : "all from allocation", run->nth,
                    run->asked, sweep->next_life ? "in the next life" : "in the same life",
                    answers[run->answer], run->code, what);
}

static void tell_difference(struct sweep *sweep, const struct sweep_run *run, const char *what,
                            const char *expected, const char *seen)
{
    tell(sweep, run, what);
    if (sweep->faults <= SHOWN)
        show_difference(expected, seen);
}

/* A refusal has to be one that holds for this moment only. */
static bool is_honest(const struct sweep *sweep, const struct sweep_run *run)
{
    return run->answer != FAKE_REFUSED || run->code == CODE_BUSY || run->code == sweep->all.code;
}

static void compare(struct sweep *sweep, const struct sweep_run *run)
{
    const struct sweep_run *expected = run->answer == FAKE_DONE ? &sweep->all : &sweep->nothing;
    if (run->answer == FAKE_CLOSED && strcmp(run->now, expected->now) != 0)
        expected = &sweep->all; /* who was not answered has to find out */
    if (!is_honest(sweep, run))
        tell(sweep, run, "that is not why");
    if (strcmp(run->now, expected->now) != 0)
        tell_difference(sweep, run, "now there is", expected->now, run->now);
    else if (strcmp(run->later, expected->later) != 0)
        tell_difference(sweep, run, "in the next life there is", expected->later, run->later);
}

/* The sweep */

static void play_all(struct sweep *sweep, struct sweep_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        build(sweep, &runs[i]);
    scene_settle();
    if (sweep->next_life)
        town_restart();
    for (size_t i = 0; i < count; i++)
        play(sweep, &runs[i]);
    town_restart();
    for (size_t i = 0; i < count; i++)
        look_again(&runs[i]);
}

static void play_healthy(struct sweep *sweep)
{
    struct sweep_run healthy[3] = {{.acts = false}, {.acts = true}, {.acts = true}};
    play_all(sweep, healthy, 3);
    sweep->nothing = healthy[0];
    sweep->all = healthy[1];
    if (getenv("MEMORY_SHOW"))
        puts(sweep->all.now);
    assert_int_equal(sweep->all.answer, FAKE_DONE);
    assert_string_equal(sweep->all.now, healthy[2].now);
    assert_string_equal(sweep->all.later, healthy[2].later);
    forget(&healthy[2]);
}

/* true: none failed in the last of them. */
static bool play_failing(struct sweep *sweep, unsigned long first, size_t count)
{
    struct sweep_run runs[BATCH] = {0};
    for (size_t i = 0; i < count; i++)
        runs[i] = (struct sweep_run){.nth = first + i, .acts = true};
    play_all(sweep, runs, count);
    for (size_t i = 0; i < count; i++) {
        compare(sweep, &runs[i]);
        forget(&runs[i]);
    }
    return runs[count - 1].failed == 0;
}

static int sweep_once(struct sweep *sweep)
{
    unsigned long nth = 1;
    bool over = false;
    play_healthy(sweep);
    while (!over) {
        unsigned long left = sweep->all.asked >= nth ? sweep->all.asked - nth + 2 : 2;
        size_t count = left < BATCH ? (size_t)left : BATCH;
        over = play_failing(sweep, nth, count);
        nth += count;
    }
    print_message("  %s, %s: %lu allocations, %d faults\n",
                  sweep->fault == MEMORY_FAILS_ONCE ? "one fails" : "all fail",
                  sweep->next_life ? "next life" : "same life", sweep->all.asked, sweep->faults);
    forget(&sweep->nothing);
    forget(&sweep->all);
    return sweep->faults;
}

static void run_scenario(void **state)
{
    static const struct {
        enum memory_fault fault;
        bool next_life;
    } kinds[] = {
        {MEMORY_FAILS_ONCE, true}, {MEMORY_IS_OUT, false}, {MEMORY_FAILS_ONCE, false}, {MEMORY_IS_OUT, true}};
    size_t count = getenv("MEMORY_THOROUGH") ? 4 : 2;
    int faults = 0;
    for (size_t i = 0; i < count; i++) {
        struct sweep sweep = {.scenario = *state, .fault = kinds[i].fault, .next_life = kinds[i].next_life};
        faults += sweep_once(&sweep);
    }
    assert_int_equal(faults, 0);
}

/* Libraries allocate once in a process what they never give back. */
static void warm_up(void)
{
    struct scene scene;
    unsigned char digest[EVP_MAX_MD_SIZE];
    assert_true(
        EVP_Digest("", 0, digest, NULL, EVP_sha256(), NULL)); /* OpenSSL keeps what it has looked up */
    town_open();
    scene_build(&scene, scenes++);
    fake_reload(); /* it begins a thread, whose stack the C library keeps for the next one */
    fake_turn();
    scene_forget(&scene);
    town_close();
}

static int open_town(void **state)
{
    (void)state;
    warm_up();
    blocks_before = memory_blocks();
    town_open();
    return 0;
}

/* What the plugin has left behind, in a life in which memory ended hundreds of times. */
static int close_town(void **state)
{
    (void)state;
    town_close();
    long left = memory_blocks() - blocks_before;
    if (left != 0)
        print_error("  %ld blocks of memory are left behind\n", left);
    return left != 0;
}

static bool wanted(const struct scenario *scenario, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(scenario->name, argv[i]))
            return true;
    return argc <= 1;
}

int sweep_all(const struct scenario *scenarios, size_t count, int argc, char **argv)
{
    struct CMUnitTest tests[100];
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++)
        if (wanted(&scenarios[i], argc, argv))
            tests[chosen++] = (struct CMUnitTest){.name = scenarios[i].name,
                                                  .test_func = run_scenario,
                                                  .setup_func = open_town,
                                                  .teardown_func = close_town,
                                                  .initial_state = (void *)(uintptr_t)&scenarios[i]};
    return _cmocka_run_group_tests("memory", tests, chosen, NULL, NULL);
}
