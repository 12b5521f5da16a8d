/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/words.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alphabet.h"
#include "lib/utf8.h"
#include "lib/word_tree.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct word_entry {
    uint32_t mask_at; /* in `text` */
    uint8_t len;      /* of the word */
    uint8_t mask_len;
    bool refused;
};

struct words {
    char *text; /* of the file */
    size_t text_len;
    struct word_entry *entries; /* a word's number is its place here, from 1 */
    size_t count, room;
    struct alphabet alphabet;
    struct word_tree tree;
};

/* Reading a list */

struct piece {
    const char *at;
    size_t len;
};

struct reading {
    struct words *words;
    struct piece *found; /* the words; their room is that of the entries */
    size_t line;
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 2, 3))) static bool refuse(const struct reading *reading, const char *format,
                                                         ...)
{
    int used = snprintf(reading->error, reading->error_size, "line %zu: ", reading->line);
    va_list args;
    va_start(args, format);
    if (used > 0 && (size_t)used < reading->error_size)
        vsnprintf(reading->error + used, reading->error_size - (size_t)used, format, args);
    va_end(args);
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece piece)
{
    while (piece.len > 0 && is_blank(piece.at[piece.len - 1]))
        piece.len--;
    while (piece.len > 0 && is_blank(*piece.at)) {
        piece.at++;
        piece.len--;
    }
    return piece;
}

/* A list may be long: memory grows by half. */
static bool make_room(struct reading *reading)
{
    struct words *words = reading->words;
    if (words->count < words->room)
        return true;
    size_t room = words->room + words->room / 2 + 64;
    struct word_entry *entries = realloc(words->entries, room * sizeof *entries);
    if (entries)
        words->entries = entries;
    struct piece *found = entries ? realloc(reading->found, room * sizeof *found) : NULL;
    if (!found)
        return refuse(reading, "out of memory");
    reading->found = found;
    words->room = room;
    return true;
}

static bool add(struct reading *reading, struct piece word, const struct piece *mask)
{
    struct words *words = reading->words;
    if (word.len == 0)
        return refuse(reading, "the word before = is missing");
    if (word.len > WORD_MAX)
        return refuse(reading, "the word has %zu bytes, at most %d are allowed", word.len, WORD_MAX);
    if (mask && mask->len > WORD_MAX)
        return refuse(reading, "what replaces the word has %zu bytes, at most %d are allowed", mask->len,
                      WORD_MAX);
    if (words->count == WORDS_MAX)
        return refuse(reading, "there are more than %d words", WORDS_MAX);
    if (!make_room(reading))
        return false;
    struct word_entry *entry = &words->entries[words->count];
    *entry = (struct word_entry){.len = (uint8_t)word.len, .refused = !mask};
    if (mask) {
        entry->mask_at = (uint32_t)(mask->at - words->text);
        entry->mask_len = (uint8_t)mask->len;
    }
    reading->found[words->count++] = word;
    return true;
}

static bool read_line(struct reading *reading, struct piece line)
{
    if (!utf8_valid(line.at, line.len) || memchr(line.at, '\0', line.len))
        return refuse(reading, "it is not a text in UTF-8");
    line = trim(line);
    if (line.len == 0 || *line.at == '#')
        return true;
    const char *sign = memchr(line.at, '=', line.len);
    if (!sign)
        return add(reading, line, NULL);
    size_t len = (size_t)(sign - line.at);
    const struct piece mask = trim((struct piece){sign + 1, line.len - len - 1});
    return add(reading, trim((struct piece){line.at, len}), &mask);
}

static bool read_lines(struct reading *reading)
{
    const char *p = reading->words->text, *end = p + reading->words->text_len;
    if (reading->words->text_len >= 3 && memcmp(p, BYTE_ORDER_MARK, 3) == 0)
        p += 3;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline ? newline : end) - p);
        reading->line++;
        if (!read_line(reading, (struct piece){p, len}))
            return false;
        p += len + 1;
    }
    return true;
}

/* A word in letters, from its end; returns behind it. */
static uint16_t *spell(const struct alphabet *alphabet, struct piece word, uint16_t *out)
{
    while (word.len > 0)
        *out++ = alphabet_letter(alphabet, character_before(word.at, &word.len));
    return out;
}

/* The words in letters, each with its number; malloc'ed in one piece. */
static struct tree_word *spell_all(const struct reading *reading, size_t characters)
{
    const size_t count = reading->words->count;
    struct tree_word *spelt = malloc(count * sizeof *spelt + characters * sizeof(uint16_t) + 1);
    if (!spelt)
        return NULL;
    uint16_t *end = (uint16_t *)(void *)(spelt + count);
    for (size_t i = 0; i < count; i++) {
        uint16_t *begin = end;
        end = spell(&reading->words->alphabet, reading->found[i], begin);
        spelt[i] = (struct tree_word){begin, (uint32_t)(end - begin), (uint32_t)i + 1};
    }
    return spelt;
}

/* How often each character is in the words: malloc'ed. */
static uint32_t *count_uses(const struct reading *reading, size_t *characters)
{
    uint32_t *uses = calloc(CHARACTERS, sizeof *uses);
    *characters = 0;
    for (size_t i = 0; uses && i < reading->words->count; i++)
        for (size_t left = reading->found[i].len; left > 0; ++*characters)
            uses[character_before(reading->found[i].at, &left)]++;
    return uses;
}

static bool build_tree(const struct reading *reading, const atomic_bool *stop)
{
    struct words *words = reading->words;
    size_t characters;
    uint32_t *uses = count_uses(reading, &characters);
    bool good = uses && alphabet_build(&words->alphabet, uses) == 0;
    struct tree_word *spelt = good ? spell_all(reading, characters) : NULL;
    good = spelt && word_tree_build(&words->tree, spelt, words->count, words->alphabet.count, stop) == 0;
    free(uses);
    free(spelt);
    return good;
}

static bool read_all(struct reading *reading, const char *text, size_t len, const atomic_bool *stop)
{
    struct words *words = reading->words;
    if (len > WORDS_FILE_MAX) {
        snprintf(reading->error, reading->error_size, "it has more than %d bytes", WORDS_FILE_MAX);
        return false;
    }
    if (!words || !(words->text = malloc(len + 1))) {
        snprintf(reading->error, reading->error_size, "out of memory");
        return false;
    }
    memcpy(words->text, text, len);
    words->text_len = len;
    if (!read_lines(reading))
        return false;
    if (build_tree(reading, stop))
        return true;
    if (!(stop && atomic_load_explicit(stop, memory_order_relaxed)))
        snprintf(reading->error, reading->error_size, "out of memory, or more than %d different characters",
                 LETTERS_MAX);
    return false;
}

int words_read(struct words **out, const char *text, size_t len, const atomic_bool *stop, char *error,
               size_t error_size)
{
    struct reading reading = {.error = error, .error_size = error_size};
    if (error_size > 0)
        error[0] = '\0';
    reading.words = calloc(1, sizeof *reading.words);
    bool good = read_all(&reading, text, len, stop);
    free(reading.found);
    if (!good) {
        words_free(reading.words);
        reading.words = NULL;
    }
    *out = reading.words;
    return good ? 0 : -1;
}

void words_free(struct words *words)
{
    if (!words)
        return;
    word_tree_clear(&words->tree);
    alphabet_clear(&words->alphabet);
    free(words->entries);
    free(words->text);
    free(words);
}

size_t words_count(const struct words *words)
{
    return words->count;
}

size_t words_bytes(const struct words *words)
{
    return words->text_len + words->room * sizeof *words->entries +
           words->tree.count * sizeof *words->tree.states +
           words->alphabet.page_count * sizeof *words->alphabet.letters + sizeof *words;
}

/* Looking at a text */

/* Reads on to the character that ends before *at. */
static uint32_t step(const struct words *words, uint32_t state, const char *text, size_t *at)
{
    return word_tree_step(&words->tree, state, alphabet_letter(&words->alphabet, character_before(text, at)));
}

static bool has_any(const struct words *words, const char *text, size_t len)
{
    uint32_t state = TREE_ROOT;
    while (len > 0) {
        state = step(words, state, text, &len);
        if (words->tree.states[state].word != 0)
            return true;
    }
    return false;
}

/* Which word begins at each byte where a character does, malloc'ed. */
static uint32_t *find_all(const struct words *words, const char *text, size_t len)
{
    uint32_t *begins = calloc(len, sizeof *begins), state = TREE_ROOT;
    while (begins && len > 0) {
        state = step(words, state, text, &len);
        begins[len] = words->tree.states[state].word;
    }
    return begins;
}

/* How long the text is when all has been replaced; SIZE_MAX: it has a word that is refused. */
static size_t masked_size(const struct words *words, const uint32_t *begins, size_t len)
{
    size_t size = 0;
    for (size_t i = 0; i < len;) {
        const struct word_entry *entry = begins[i] ? &words->entries[begins[i] - 1] : NULL;
        if (entry && entry->refused)
            return SIZE_MAX;
        size += entry ? entry->mask_len : 1;
        i += entry ? entry->len : 1;
    }
    return size;
}

static void write_masked(char *out, const struct words *words, const uint32_t *begins, const char *text,
                         size_t len)
{
    for (size_t i = 0; i < len;) {
        if (begins[i] == 0) {
            *out++ = text[i++];
            continue;
        }
        const struct word_entry *entry = &words->entries[begins[i] - 1];
        out = mempcpy(out, words->text + entry->mask_at, entry->mask_len);
        i += entry->len;
    }
    *out = '\0';
}

static enum words_verdict mask(const struct words *words, const uint32_t *begins, struct piece text,
                               size_t max, char **masked, size_t *masked_len)
{
    size_t size = masked_size(words, begins, text.len);
    if (size > max)
        return WORDS_REFUSED;
    *masked = malloc(size + 1);
    if (!*masked)
        return WORDS_NO_MEMORY;
    write_masked(*masked, words, begins, text.at, text.len);
    *masked_len = size;
    return WORDS_MASKED;
}

enum words_verdict words_apply(const struct words *words, const char *text, size_t len, size_t max,
                               char **masked, size_t *masked_len)
{
    if (!has_any(words, text, len))
        return WORDS_CLEAN;
    uint32_t *begins = find_all(words, text, len);
    if (!begins)
        return WORDS_NO_MEMORY;
    enum words_verdict verdict = mask(words, begins, (struct piece){text, len}, max, masked, masked_len);
    free(begins);
    return verdict;
}
