/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A bar on stderr that tells how far something is, where that is a terminal. */
#ifndef CTL_BAR_H
#define CTL_BAR_H

void bar_draw(int percent);
void bar_erase(void);

#endif
