/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/tool.h"
#include "lib/say.h"

static void print_complaint(const char *format, va_list args, const char *end)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    say_safely(text);
    fprintf(stderr, "%s: %s%s\n", tool()->name, text, end);
}

int complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_complaint(format, args, "");
    va_end(args);
    return EXIT_FAILED;
}

int complain_usage(const char *format, ...)
{
    char hint[80];
    va_list args;
    snprintf(hint, sizeof hint, " (see %s help)", tool()->name);
    va_start(args, format);
    print_complaint(format, args, hint);
    va_end(args);
    return EXIT_USAGE;
}

int finish_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return complain("the output could not be written: %s", strerror(errno));
    return EXIT_DONE;
}
