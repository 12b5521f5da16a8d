/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/ending.h"

#include <signal.h>
#include <stddef.h>

#include "lib/basics.h"

static const int signals[] = {SIGINT, SIGTERM};
static struct sigaction before[COUNT(signals)];
static volatile sig_atomic_t asked;

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

void ending_begin(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    asked = 0;
    for (size_t i = 0; i < COUNT(signals); i++)
        sigaction(signals[i], &action, &before[i]);
}

bool ending_asked(void)
{
    return asked;
}

void ending_end(void)
{
    for (size_t i = 0; i < COUNT(signals); i++)
        sigaction(signals[i], &before[i], NULL);
}
