/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A terminal that is drawn over and over, as top(1) does: another screen than the one with the shell's lines, which
 * comes back at the end, whatever ends us but SIGKILL. One at a time. */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* Is stdout one, and no dumb one? */
bool screen_there(void);
/* Takes SIGINT, SIGTERM, SIGHUP, SIGWINCH and SIGTSTP, and keys are not shown. */
void screen_open(void);
void screen_close(void); /* what was there before comes back */
/* The same signals where there is no screen: they end us in order. */
void screen_heed_signals(void);

/* Is it over (a signal, or the key q)? Reads what was typed, without waiting. Stops for Ctrl-Z, and goes on after fg. */
bool screen_ended(void);
/* The window has changed since the last time, or we were stopped. */
bool screen_changed(void);
void screen_size(int *columns, int *lines);

/* A picture: from begin to end; what does not fit into the window is cut. */
void screen_begin(void);
void screen_line(void); /* the next line; true while there is room: screen_room */
bool screen_room(void);
/* At most as many columns as are left of the line; `loud`: in colour, where there are colours. */
void screen_put(const char *text, bool loud);
void screen_end(void);

#endif
