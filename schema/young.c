/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/young.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void on_released(void *context)
{
    struct young_list *list = context;
    while (list->oldest && store_has(list->store, list->oldest->mark))
        young_forget(list, list->oldest);
}

static void on_aborted(void *context)
{
    struct young_list *list = context;
    uint64_t mark = store_mark(list->store);
    while (list->oldest && list->oldest->prev->mark == mark)
        young_forget(list, list->oldest->prev);
}

static void free_young(void *owner, struct young *young)
{
    (void)owner;
    free(young);
}

int young_open(struct young_list **out, struct store *store, young_forget_function *forget, void *owner)
{
    struct young_list *list = *out = calloc(1, sizeof *list);
    if (!list)
        return -1;
    list->store = store;
    list->forget = forget ? forget : free_young;
    list->owner = owner;
    list->hook = (struct store_hook){.released = on_released, .aborted = on_aborted, .context = list};
    store_add_hook(store, &list->hook);
    return 0;
}

void young_close(struct young_list *list)
{
    if (!list)
        return;
    store_remove_hook(list->store, &list->hook);
    while (list->oldest)
        young_forget(list, list->oldest);
    free(list);
}

static void append(struct young_list *list, struct young *young)
{
    young->mark = store_mark(list->store);
    DL_APPEND(list->oldest, young);
}

void young_add(struct young_list *list, struct young *young)
{
    young->hh.key = NULL;
    append(list, young);
}

bool young_add_keyed(struct young_list *list, struct young *young_take, const void *key, size_t key_len)
{
    struct young *young = young_take;
    memset(&young->hh, 0, sizeof young->hh);
    HASH_ADD_KEYPTR(hh, list->by_key, key, key_len, young);
    if (!young->hh.tbl) {
        free(young);
        return false;
    }
    append(list, young);
    return true;
}

struct young *young_find(const struct young_list *list, const void *key, size_t key_len)
{
    struct young *young;
    HASH_FIND(hh, list->by_key, key, key_len, young);
    return young;
}

void young_renew(struct young_list *list, struct young *young)
{
    DL_DELETE(list->oldest, young);
    append(list, young);
}

void young_remove(struct young_list *list, struct young *young)
{
    DL_DELETE(list->oldest, young);
    if (young->hh.key)
        HASH_DEL(list->by_key, young);
}

void young_forget(struct young_list *list, struct young *young)
{
    young_remove(list, young);
    list->forget(list->owner, young);
}
