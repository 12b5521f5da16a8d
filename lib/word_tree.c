/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/word_tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* So many free places are tried for a state's children before they get new ones. */
#define TRIES_MAX  4096
#define STATES_MAX (UINT32_MAX / 2)

/* A state whose children are still to be placed: the words [from, to) begin with it, which has `depth` letters. */
struct pending {
    uint32_t state, from, to, depth;
};

struct tree_child {
    uint32_t letter, from, to; /* its words */
};

struct building {
    struct word_tree tree;
    size_t room;       /* places there is memory for; those behind tree.count are free, too */
    size_t letter_max; /* so many places are always behind tree.count: a step may look there */
    const struct tree_word *words;
    uint32_t free,
        free_count;        /* places, in a ring: `base` leads to the one before, `fail` to the one after */
    struct pending *queue; /* every state comes into it once, in the order of their lengths */
    size_t queued, done, queue_room;
    struct tree_child *children; /* of the state at hand, by letter */
    size_t child_count;
};

static int compare(const void *left, const void *right)
{
    const struct tree_word *a = left, *b = right;
    uint32_t shorter = a->len < b->len ? a->len : b->len;
    for (uint32_t i = 0; i < shorter; i++)
        if (a->letters[i] != b->letters[i])
            return a->letters[i] < b->letters[i] ? -1 : 1;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

/* Places */

static void add_free(struct building *b, uint32_t at)
{
    struct tree_state *states = b->tree.states;
    if (b->free_count++ == 0) {
        b->free = states[at].base = states[at].fail = at;
        return;
    }
    uint32_t last = states[b->free].base;
    states[at].base = last;
    states[at].fail = b->free;
    states[last].fail = states[b->free].base = at;
}

static void take_free(struct building *b, uint32_t at)
{
    struct tree_state *states = b->tree.states;
    states[states[at].base].fail = states[at].fail;
    states[states[at].fail].base = states[at].base;
    if (b->free == at)
        b->free = states[at].fail;
    b->free_count--;
    states[at].base = states[at].fail = 0;
}

/* Memory for places up to `end`, and those a step may look at behind them. */
static bool make_room(struct building *b, size_t end)
{
    if (end + b->letter_max + 1 <= b->room)
        return true;
    size_t room = (end + b->letter_max + 1) / 2 * 3;
    struct tree_state *states = room < STATES_MAX ? realloc(b->tree.states, room * sizeof *states) : NULL;
    if (!states)
        return false;
    for (size_t i = b->room; i < room; i++)
        states[i] = (struct tree_state){.parent = TREE_NONE};
    b->tree.states = states;
    b->room = room;
    return true;
}

static bool extend(struct building *b, size_t end)
{
    if (!make_room(b, end))
        return false;
    for (; b->tree.count < end; b->tree.count++)
        add_free(b, (uint32_t)b->tree.count);
    return true;
}

static bool is_free(const struct building *b, size_t at)
{
    return at != TREE_ROOT && b->tree.states[at].parent == TREE_NONE;
}

static bool all_free(const struct building *b, size_t base)
{
    for (size_t i = 0; i < b->child_count; i++)
        if (base + b->children[i].letter < b->tree.count && !is_free(b, base + b->children[i].letter))
            return false;
    return true;
}

/* Where the children at hand find room: the tries go on where the last ones have ended. */
static uint32_t find_base(struct building *b)
{
    const uint32_t first = b->children[0].letter;
    for (uint32_t tries = 0; tries < b->free_count && tries < TRIES_MAX; tries++) {
        uint32_t at = b->free;
        if (at >= first && all_free(b, at - first))
            return at - first;
        b->free = b->tree.states[at].fail;
    }
    return (uint32_t)(b->tree.count > first ? b->tree.count - first : 0);
}

/* States */

static void list_children(struct building *b, const struct pending *p)
{
    b->child_count = 0;
    for (uint32_t i = p->from; i < p->to; i++) {
        uint32_t letter = b->words[i].letters[p->depth];
        struct tree_child *last = b->child_count > 0 ? &b->children[b->child_count - 1] : NULL;
        if (last && last->letter == letter)
            last->to = i + 1;
        else
            b->children[b->child_count++] = (struct tree_child){letter, i, i + 1};
    }
}

static uint32_t fail_of(const struct word_tree *tree, uint32_t parent, uint32_t letter)
{
    return parent == TREE_ROOT ? TREE_ROOT
                               : word_tree_step(tree, tree->states[parent].fail, (uint16_t)letter);
}

static void place_child(struct building *b, const struct pending *p, const struct tree_child *child)
{
    const uint32_t at = b->tree.states[p->state].base + child->letter;
    struct tree_state *state = &b->tree.states[at];
    uint32_t from = child->from;
    take_free(b, at);
    state->parent = p->state;
    state->fail = fail_of(&b->tree, p->state, child->letter);
    state->word = b->tree.states[state->fail].word;
    for (; from < child->to && b->words[from].len == p->depth + 1; from++)
        state->word = b->words[from].number;
    if (from < child->to)
        b->queue[b->queued++] = (struct pending){at, from, child->to, p->depth + 1};
}

static bool make_queue_room(struct building *b, size_t more)
{
    if (b->queue_room - b->queued >= more)
        return true;
    size_t room = 2 * b->queue_room + more;
    struct pending *queue = realloc(b->queue, room * sizeof *queue);
    if (!queue)
        return false;
    b->queue = queue;
    b->queue_room = room;
    return true;
}

/* The children of the next state in the queue. */
static bool place_children(struct building *b)
{
    const struct pending p = b->queue[b->done++];
    list_children(b, &p);
    const uint32_t base = find_base(b);
    if (!make_queue_room(b, b->child_count) ||
        !extend(b, (size_t)base + b->children[b->child_count - 1].letter + 1))
        return false;
    b->tree.states[p.state].base = base;
    for (size_t i = 0; i < b->child_count; i++)
        place_child(b, &p, &b->children[i]);
    return true;
}

static bool stopped(const atomic_bool *stop)
{
    return stop && atomic_load_explicit(stop, memory_order_relaxed);
}

static bool place_all(struct building *b, size_t count, const atomic_bool *stop)
{
    b->children = malloc((b->letter_max + 1) * sizeof *b->children);
    if (!b->children || !make_queue_room(b, 1) || !make_room(b, 1))
        return false;
    b->tree.count = 1; /* the root */
    if (count > 0)
        b->queue[b->queued++] = (struct pending){TREE_ROOT, 0, (uint32_t)count, 0};
    while (b->done < b->queued)
        if (stopped(stop) || !place_children(b))
            return false;
    return true;
}

int word_tree_build(struct word_tree *out, struct tree_word *words, size_t count, uint32_t letter_max,
                    const atomic_bool *stop)
{
    struct building b = {.words = words, .letter_max = letter_max};
    qsort(words, count, sizeof *words, compare);
    bool good = place_all(&b, count, stop);
    free(b.queue);
    free(b.children);
    if (!good)
        word_tree_clear(&b.tree);
    else
        b.tree.count += letter_max;
    *out = b.tree;
    return good ? 0 : -1;
}

void word_tree_clear(struct word_tree *tree)
{
    free(tree->states);
    *tree = (struct word_tree){0};
}
