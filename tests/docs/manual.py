# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Markdown as GitHub reads it, as far as README.md and docs/ use it: tables, headings, links and blocks."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md",
         *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]


def read(page):
    return (ROOT / page).read_text()


def names(cell):
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


# ---- tables


def cells(line):
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def tables(page):
    """All of a page: the cells of each row by the name of their column."""
    found, columns = [], None
    for line in [*read(page).split("\n"), ""]:
        if not line.startswith("|"):
            columns = None
        elif columns is None:
            columns = cells(line)
            found.append([])
        elif not re.fullmatch(r"[|: -]+", line):
            found[-1].append(dict(zip(columns, cells(line), strict=True)))
    return [table for table in found if table]


def rows(page, *columns):
    """The rows of all its tables that have these columns."""
    found = [row for table in tables(page) for row in table if set(columns) <= set(row)]
    assert found, f"{page} has no table with the columns {columns}"
    return found


# ---- headings and links


def without_blocks(page):
    text = re.sub(r"^```.*?^```$", "", read(page), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^    .*$", "", text, flags=re.MULTILINE)


def headings(page):
    """(number of #, text) of each."""
    return [(len(marks), text) for marks, text in re.findall(r"^(#+) (.+)$", without_blocks(page), re.MULTILINE)]


def anchors(page):
    found = set()
    for _, text in headings(page):
        anchor = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", text).lower()).replace(" ", "-")
        count = 0
        while f"{anchor}-{count}" in found if count else anchor in found:
            count += 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return found


def links(page):
    """Those that do not lead out of the project: (path, anchor)."""
    text = re.sub(r"`[^`]*`", "", without_blocks(page))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    return [target.partition("#")[::2] for target in targets if "://" not in target and not target.startswith("mailto:")]


# ---- blocks of code


@dataclasses.dataclass
class Block:
    page: str
    line: int
    language: str
    text: str
    mark: str  # of a comment `<!-- example: MARK -->` before it


def blocks(page):
    lines, found, at = read(page).split("\n"), [], 0
    while at < len(lines):
        begin = at
        if lines[at].startswith("```"):
            end = lines.index("```", at + 1)
            text, at = lines[at + 1:end], end + 1
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip() or lines[at - 1].endswith("-->")):
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                at += 1
            text = "\n".join(line[4:] for line in lines[begin:at]).rstrip().split("\n")
        else:
            at += 1
            continue
        before = "\n".join(lines[max(0, begin - 3):begin])
        mark = re.search(r"<!-- example: (.+?) -->\n*\Z", before)
        language = lines[begin][3:].strip() if lines[begin].startswith("```") else ""
        found.append(Block(page, begin + 1, language, "\n".join(text) + "\n", mark[1] if mark else ""))
    return found
