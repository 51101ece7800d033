"""The description of the API is part of the public contract: it changes only with its file."""

import json

from openapi import FILE, described

from runout.server.app import framework
from runout.server.pages import FILES
from runout.server.settings import Settings


def test_the_description_is_the_one_that_was_agreed() -> None:
    assert FILE.read_bytes() == described(), (
        "the API has changed: run `python tools/openapi.py` and say so in CHANGELOG.md"
    )


def test_every_resource_and_parameter_says_what_it_is() -> None:
    for path, item in json.loads(FILE.read_bytes())["paths"].items():
        operation = item["get"]
        assert operation["summary"], path
        assert operation["description"], path
        assert all(one.get("description") for one in operation.get("parameters", [])), path


def test_every_answer_of_the_lake_can_be_asked_of_any_moment() -> None:
    paths = json.loads(FILE.read_bytes())["paths"]
    timed = {
        path for path, item in paths.items() if any(one["name"] == "at" for one in item["get"].get("parameters", []))
    }
    assert {path for path in paths if path.startswith("/v1/")} - timed == {"/v1/stream"}


def test_no_page_of_the_framework_is_served_as_those_load_scripts_from_elsewhere() -> None:
    app = framework(Settings(lake="lake"))
    assert app.openapi_config is not None
    assert [type(one).__name__ for one in app.openapi_config.render_plugins] == ["JsonRenderPlugin"]
    assert {f"/{name}" for name in FILES} <= {route.path for route in app.routes}
