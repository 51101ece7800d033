"""Links lead somewhere, the data dictionary is fresh, decisions have their form, pages belong to the site."""

import re
import tomllib

import msgspec
import pytest
from documentation import DOCS, PAGES, REPOSITORY, anchors, links, name, text

from runout.records import KINDS
from runout.records.dictionary import data_dictionary

ALL_PAGES = pytest.mark.parametrize("page", PAGES, ids=name)


@ALL_PAGES
def test_every_internal_link_leads_to_a_file_and_a_heading(page):
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@ALL_PAGES
def test_a_page_begins_with_its_only_title(page):
    lines = re.sub(r"```.*?```", "", text(page), flags=re.DOTALL).splitlines()
    assert lines[0].startswith("# ")
    assert sum(line.startswith("# ") for line in lines) == 1


@ALL_PAGES
def test_no_page_knows_a_machine(page):
    assert not re.search(r"(?<![\w./])/(home|work|root|tmp|Users)/|\.\./shared", text(page))


def test_the_data_dictionary_is_fresh():
    fresh = text(DOCS / "data-dictionary.md") == data_dictionary()
    assert fresh, "docs/data-dictionary.md is stale: run `make docs`"


def test_the_data_dictionary_holds_every_kind_and_column():
    page = data_dictionary()
    for kind, schema in KINDS.items():
        assert page.count(f"### {kind}\n") == 1
        for column in schema.columns:
            assert f"| `{column.name}` | {column.type} | " in page


def test_every_page_of_docs_stands_in_the_site():
    site = msgspec.toml.decode((REPOSITORY / "zensical.toml").read_bytes())["project"]

    def leaves(node):
        return [node] if isinstance(node, str) else [leaf for n in _values(node) for leaf in leaves(n)]

    listed = leaves(site["nav"])
    pages = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    assert sorted(listed) == pages, f"mend nav of zensical.toml: {sorted(set(pages) ^ set(listed))}"


def _values(node):
    return node.values() if isinstance(node, dict) else node


def test_every_page_that_the_code_names_exists():
    named = {
        match
        for file in (REPOSITORY / "src").rglob("*.py")
        for match in re.findall(r"docs/[\w/-]+\.md", file.read_text(encoding="utf-8"))
    }
    assert {page for page in named if not (REPOSITORY / page).is_file()} == set()


def test_decisions_are_numbered_without_a_gap_and_stand_in_their_index():
    records = sorted((DOCS / "decisions").glob("0*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    index = text(DOCS / "decisions" / "index.md")
    for record in records:
        title = text(record).splitlines()[0].removeprefix(f"# {record.name[:4]}. ")
        assert f"[{record.name[:4]}]({record.name}) | {title} |" in index


@pytest.mark.parametrize("record", sorted((DOCS / "decisions").glob("0*.md")), ids=lambda record: record.stem)
def test_a_decision_says_context_decision_and_consequences(record):
    assert re.findall(r"^## (.+)$", text(record), re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert re.search(r"^(Accepted|Replaced by \[.+\]\(.+\)), \w+ \d{4}\.$", text(record), re.MULTILINE)


def test_the_layers_of_the_architecture_are_those_that_are_enforced():
    contracts = tomllib.loads(text(DOCS.parent / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    block = text(DOCS / "architecture.md").split("## Layers")[1].split("```")[1]
    shown = [line.split("  ")[0].strip() for line in block.splitlines()[1:]]
    assert shown == next(contract["layers"] for contract in contracts if contract["type"] == "layers")
