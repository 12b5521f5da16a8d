# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Links of README.md and docs/ lead somewhere."""
import pytest
from manual import PAGES, ROOT, anchors, links


def leads_nowhere(page, path, anchor):
    target = (ROOT / page).parent / path if path else ROOT / page
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target.resolve().relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    assert not [link for link in links(page) if leads_nowhere(page, *link)]


def test_every_page_is_reached_from_the_readme():
    seen, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = [((ROOT / page).parent / path).resolve() for path, _ in links(page) if path.endswith(".md")]
        waiting += [str(target.relative_to(ROOT)) for target in targets]
    assert set(PAGES) <= seen
