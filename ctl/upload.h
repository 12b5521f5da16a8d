/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A file to the broker's media_dir, in chunks (docs/protocol.md, section 10). */
#ifndef CTL_UPLOAD_H
#define CTL_UPLOAD_H

#include <cjson/cJSON.h>

#include "ctl/ask.h"

/* Uploads `path`, with a bar on a terminal. `content` is what a message has of it, {"image":{...}} or sound, video, file, by what the
 * broker has found in it; for cJSON_Delete. Returns an exit code; what went wrong has been said. */
__attribute__((warn_unused_result)) int upload_file(struct asking *asking, const char *path, cJSON **content);

#endif
