/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/wake.h"

#include <unistd.h>

#ifndef sigev_notify_thread_id /* glibc has the member, and no name for it */
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* That it is called is all: epoll_wait returns. Other calls go on, by SA_RESTART. */
static void do_nothing(int number)
{
    (void)number;
}

static bool is_free(void)
{
    struct sigaction now;
    return sigaction(SIGURG, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
           (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN);
}

static bool open_timer(struct wake *wake)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG};
    event.sigev_notify_thread_id = gettid();
    return timer_create(CLOCK_MONOTONIC, &event, &wake->timer) == 0;
}

static bool open_all(struct wake *wake)
{
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (!is_free() || !open_timer(wake))
        return false;
    if (sigaction(SIGURG, &action, &wake->before) == 0)
        return true;
    timer_delete(wake->timer);
    return false;
}

void wake_want(struct wake *wake, bool wanted)
{
    const long ns = wanted ? WAKE_MS * 1000000L : 0;
    const struct itimerspec every = {.it_interval = {.tv_nsec = ns}, .it_value = {.tv_nsec = ns}};
    if (wanted == wake->running)
        return;
    if (!wake->tried)
        wake->open = open_all(wake);
    wake->tried = true;
    if (wake->open && timer_settime(wake->timer, 0, &every, NULL) == 0)
        wake->running = wanted;
}

void wake_close(struct wake *wake)
{
    if (!wake->open)
        return;
    timer_delete(wake->timer);
    sigaction(SIGURG, &wake->before, NULL);
    wake->open = false;
}
