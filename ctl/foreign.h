/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Options of mosquitto_pub and mosquitto_ctrl about the connection that we do not have. */
#ifndef CTL_FOREIGN_H
#define CTL_FOREIGN_H

/* Why not, for people; NULL: it is none of these. */
const char *foreign_option(const char *word);
/* The same of those only without which the connection would not be the one that was asked for. */
const char *foreign_option_that_matters(const char *word);

#endif
