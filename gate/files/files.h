/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Files over HTTP: what was uploaded, and a web page. Whole or a range of it, only if it is another one than the
 * client has; nothing outside the folder, nothing hidden, no list of what is there. One thread. */
#ifndef GATE_FILES_FILES_H
#define GATE_FILES_FILES_H

#include <stddef.h>

struct exchange;
struct folder;

#define MEDIA_PATH "/media/"
#define WEB_PATH   "/"

enum folder_kind {
    FOLDER_MEDIA, /* files that never change, of strangers: a browser is to run none of it */
    FOLDER_WEB    /* a page: "/" is index.html */
};

/* Opens it. NULL: `error` says why, with the name of the option. */
struct folder *folder_open(enum folder_kind kind, const char *path, char *error, size_t error_size);
/* NULL is fine. */
void folder_close(struct folder *folder);

/* An exchange_handler; `context` is the struct folder. */
void folder_serve(void *context, struct exchange *exchange);

#endif
