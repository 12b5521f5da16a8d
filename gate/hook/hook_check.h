/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatgate --check: would hooks be called? A line to stdout for each thing that has to be there; no URL is called. */
#ifndef GATE_HOOK_HOOK_CHECK_H
#define GATE_HOOK_HOOK_CHECK_H

struct hook_config;
struct link_config;

/* Returns EXIT_SUCCESS or EXIT_FAILURE. Without `url` there is nothing to check. */
int hook_check(const struct hook_config *config, const struct link_config *broker);

#endif
