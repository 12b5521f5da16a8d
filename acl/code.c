/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/code.h"

const char *code_text(int code)
{
    switch (code) {
#define X(name, number, text)                                                                                \
    case number:                                                                                             \
        return text;
        CODE_LIST(X)
#undef X
    default:
        return "unknown code";
    }
}
