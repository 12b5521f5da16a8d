# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Tables as docs/bench.md has them."""


def format_table(head, rows):
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    return "".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |\n"
                   for line in [head, ["-" * width for width in widths], *rows])


def print_table(head, rows):
    print(format_table(head, rows))
