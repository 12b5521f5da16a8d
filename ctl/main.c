/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/chatctl.h"

int main(int argc, char **argv)
{
    return chatctl_run(argc - 1, argv + 1);
}
