/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/alphabet.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct usage {
    uint32_t character, uses;
};

static int more_often(const void *left, const void *right)
{
    const struct usage *a = left, *b = right;
    if (a->uses != b->uses)
        return a->uses > b->uses ? -1 : 1;
    return a->character < b->character ? -1 : 1;
}

/* The used characters, the most frequent first; malloc'ed. NULL: out of memory, or too many. */
static struct usage *list_used(const uint32_t *uses, uint32_t *count)
{
    struct usage *used = malloc((LETTERS_MAX + 1) * sizeof *used);
    *count = 0;
    for (uint32_t c = 0; used && c < CHARACTERS && *count <= LETTERS_MAX; c++)
        if (uses[c] > 0)
            used[(*count)++] = (struct usage){c, uses[c]};
    if (!used || *count > LETTERS_MAX) {
        free(used);
        return NULL;
    }
    qsort(used, *count, sizeof *used, more_often);
    return used;
}

static bool open_pages(struct alphabet *alphabet, const struct usage *used)
{
    alphabet->page_count = 1; /* the empty one */
    for (uint32_t i = 0; i < alphabet->count; i++) {
        uint16_t *page = &alphabet->pages[used[i].character / LETTER_PAGE];
        if (*page == 0)
            *page = (uint16_t)alphabet->page_count++;
    }
    alphabet->letters = calloc(alphabet->page_count, sizeof *alphabet->letters);
    return alphabet->letters != NULL;
}

int alphabet_build(struct alphabet *out, const uint32_t *uses)
{
    memset(out, 0, sizeof *out);
    struct usage *used = list_used(uses, &out->count);
    bool good = used && open_pages(out, used);
    for (uint32_t i = 0; good && i < out->count; i++) {
        uint32_t c = used[i].character;
        out->letters[out->pages[c / LETTER_PAGE]][c % LETTER_PAGE] = (uint16_t)(i + 1);
    }
    free(used);
    if (!good)
        memset(out, 0, sizeof *out);
    return good ? 0 : -1;
}

void alphabet_clear(struct alphabet *alphabet)
{
    free(alphabet->letters);
    memset(alphabet, 0, sizeof *alphabet);
}
