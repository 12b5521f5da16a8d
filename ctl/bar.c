/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/bar.h"

#include <stdio.h>
#include <unistd.h>

#define CELLS 40

void bar_draw(int percent)
{
    if (!isatty(STDERR_FILENO) || percent < 0 || percent > 100)
        return;
    int full = percent * CELLS / 100;
    fprintf(stderr, "\r[%.*s%*s] %3d %%", full, "########################################", CELLS - full, "",
            percent);
}

void bar_erase(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%*s\r", CELLS + 8, "");
}
