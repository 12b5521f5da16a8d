/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Many words looked for at once: an automaton of Aho and Corasick over letters (alphabet.h), in a double array. It
 * reads a text from its end, and has words by their last letter first, so that it says of each place the longest
 * word that begins there; what is leftmost and longest follows from that in one pass. A letter of text costs about
 * two looks into memory, however many words there are and whatever the text is. Pure: once built it does not
 * change, any thread. */
#ifndef LIB_WORD_TREE_H
#define LIB_WORD_TREE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Backwards: its last letter first. */
struct tree_word {
    const uint16_t *letters; /* borrowed by word_tree_build; none is 0 */
    uint32_t len;            /* at least 1 */
    uint32_t number;         /* what the tree calls it, from 1 */
};

/* What some words end with; the root is nothing. */
struct tree_state {
    uint32_t base;   /* with another letter in front of it the state is base + letter ... */
    uint32_t parent; /* ... if that one says so; TREE_NONE: there is no state here */
    uint32_t fail;   /* the longest other state that it begins with */
    uint32_t word;   /* the longest word that it begins with, 0: none */
};

struct word_tree {
    struct tree_state *states;
    size_t count; /* places, some of them without a state */
};

#define TREE_ROOT 0
#define TREE_NONE UINT32_MAX

/* Sorts the words. Letters are at most `letter_max`. Of words that are the same then the one with the highest
 * number counts. -1: out of memory, or `stop` has become true (NULL: it will not), and `out` is empty. */
__attribute__((warn_unused_result)) int word_tree_build(struct word_tree *out, struct tree_word *words,
                                                        size_t count, uint32_t letter_max,
                                                        const atomic_bool *stop);
void word_tree_clear(struct word_tree *tree);

/* The state after the next letter, which is the one before in the text; 0: a letter of no word. */
static inline uint32_t word_tree_step(const struct word_tree *tree, uint32_t state, uint16_t letter)
{
    const struct tree_state *states = tree->states;
    while (letter != 0) {
        uint32_t next = states[state].base + letter;
        if (states[next].parent == state)
            return next;
        if (state == TREE_ROOT)
            break;
        state = states[state].fail;
    }
    return TREE_ROOT;
}

#endif
