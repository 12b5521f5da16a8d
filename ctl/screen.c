/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define OTHER_SCREEN                                                                                         \
    "\033[?1049h\033[?25l\033[?7l" /* no cursor; a long line does not go on in the next one */
#define OWN_SCREEN "\033[?7h\033[?25h\033[?1049l"
#define LOUD       "\033[1;31m"
#define QUIET      "\033[0m"

static volatile sig_atomic_t ended, changed, stopped;

static struct {
    bool keys_taken, colours;
    struct termios keys; /* as they were */
    int columns, lines;
    int column, line; /* of the picture that is being drawn */
} screen;

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

static void on_change(int number)
{
    (void)number;
    changed = 1;
}

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

static void heed(int number, void (*handler)(int))
{
    const struct sigaction action = {.sa_handler = handler};
    sigaction(number, &action, NULL);
}

void screen_heed_signals(void)
{
    heed(SIGINT, on_end);
    heed(SIGTERM, on_end);
    heed(SIGHUP, on_end);
}

bool screen_there(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static void enter(void)
{
    struct termios keys;
    screen.keys_taken = tcgetattr(STDIN_FILENO, &screen.keys) == 0;
    if (screen.keys_taken) {
        keys = screen.keys;
        keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    }
    fputs(OTHER_SCREEN, stdout);
    fflush(stdout);
}

static void leave(void)
{
    fputs(OWN_SCREEN, stdout);
    fflush(stdout);
    if (screen.keys_taken)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.keys);
}

void screen_open(void)
{
    const char *no_colour = getenv("NO_COLOR");
    screen.colours = !no_colour || !*no_colour;
    screen_heed_signals();
    heed(SIGWINCH, on_change);
    heed(SIGTSTP, on_stop);
    enter();
}

void screen_close(void)
{
    leave();
}

static void stop(void)
{
    stopped = 0;
    leave();
    heed(SIGTSTP, SIG_DFL);
    (void)raise(SIGTSTP);
    heed(SIGTSTP, on_stop);
    enter();
    changed = 1;
}

static void read_keys(void)
{
    char key;
    struct pollfd typed = {.fd = STDIN_FILENO, .events = POLLIN};
    while (screen.keys_taken && poll(&typed, 1, 0) > 0 && read(STDIN_FILENO, &key, 1) == 1)
        ended = ended || key == 'q';
}

bool screen_ended(void)
{
    if (stopped)
        stop();
    read_keys();
    return ended;
}

bool screen_changed(void)
{
    const bool was = changed;
    changed = 0;
    return was;
}

void screen_size(int *columns, int *lines)
{
    struct winsize size;
    *columns = 80;
    *lines = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *columns = size.ws_col;
        *lines = size.ws_row;
    }
}

/* Drawing */

void screen_begin(void)
{
    screen_size(&screen.columns, &screen.lines);
    screen.column = screen.line = 0;
    fputs("\033[H", stdout);
}

bool screen_room(void)
{
    return screen.line < screen.lines;
}

void screen_line(void)
{
    fputs("\033[K", stdout);
    if (++screen.line < screen.lines)
        fputs("\r\n", stdout);
    screen.column = 0;
}

/* The bytes of as many characters as are left. */
static int fitting(const char *text)
{
    const char *at = text;
    for (; *at; at++) {
        if (((unsigned char)*at & 0xc0) == 0x80)
            continue;
        if (screen.column == screen.columns)
            break;
        screen.column++;
    }
    return (int)(at - text);
}

void screen_put(const char *text, bool loud)
{
    if (!screen_room())
        return;
    const bool in_colour = loud && screen.colours;
    printf("%s%.*s%s", in_colour ? LOUD : "", fitting(text), text, in_colour ? QUIET : "");
}

void screen_end(void)
{
    fputs("\033[J", stdout);
    fflush(stdout);
}
