/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What has been uploaded, as the store knows it: a row for each file that is there for good, and how much each
 * user has there.
 *
 * No file is forgotten, and none is there half, whenever the broker dies. In this order:
 *   1. finishUpload: the file's row is put, with the name that it is going to have, without an extension;
 *   2. the thread hashes and syncs it, and renames it (media_thread.h);
 *   3. the row gets the extension;
 *   4. the client is answered.
 * A row without an extension is what a life has left between 1 and 3: nobody was told of the file, and a start
 * removes file and row. What died before 1 was an open upload; its file is in `uploads/`, which a start empties.
 * The other way round, when a file is too old: the thread removes it, then the row goes.
 *
 * After a power loss, or with an older database, rows may be missing of files that are there. Each life looks once,
 * slowly, at what is in the folder, and adopts what it does not know: a file of nobody's, as old as it is.
 *
 * Who is deleted leaves the files there, as the messages; they go on counting for who comes under the name.
 * With `purge` they go: the deletion leaves word in the table media_purge, which is looked at each second.
 * Broker thread only. */
#ifndef PLUGIN_MEDIA_STOCK_H
#define PLUGIN_MEDIA_STOCK_H

#include <stdbool.h>
#include <stdint.h>

struct chat;
struct media_list;
struct media_remove;

/* With the thread running. -1: out of memory, or the store cannot be read. */
__attribute__((warn_unused_result)) int stock_open(struct chat *chat);
void stock_close(struct chat *chat); /* after the thread; takes what was never opened */

/* How many bytes the user has; what store_reads_failed says counts. */
int64_t stock_used(struct chat *chat, const char *user);

/* In the open frame. A file is going to be there; it is; it is not after all. false: out of memory, or the store
 * cannot be read: the frame must be aborted. */
__attribute__((warn_unused_result)) bool stock_promise(struct chat *chat, const char *file, const char *user,
                                                       int64_t size);
void stock_keep(struct chat *chat, const char *file, const char *ext);
__attribute__((warn_unused_result)) bool stock_forget(struct chat *chat, const char *file, const char *user,
                                                      int64_t size);

/* Gives the thread what is too old, some at a time, and has it look what is there. */
void stock_tick(struct chat *chat);
/* One of these has come back. Takes it over. */
void stock_removed(struct chat *chat, struct media_remove *removal_take);
void stock_listed(struct chat *chat, struct media_list *list_take);

#endif
