"""Any question that the description allows, and any that it does not, gets an answer that the description names."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi import FILE
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

pytestmark = pytest.mark.xdist_group("served")
_PHASES = (Phase.explicit, Phase.generate)
_CHECKED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]


described = schemathesis.openapi.from_path(FILE).exclude(path="/v1/stream")  # which never ends


def asked(case: Case, address: str) -> None:
    answer = case.call(base_url=address, timeout=120)
    # No pattern says which text is a moment or a cursor: the description names 400 for those that are none.
    case.validate_response(answer, excluded_checks=[positive_data_acceptance])
    assert answer.status_code < 500, case.as_curl_command()


@described.parametrize()
@settings(max_examples=4, derandomize=True, database=None, phases=_PHASES, suppress_health_check=_CHECKED)
def test_a_few_questions_of_each_resource(case: Case, served: str) -> None:
    asked(case, served)


@pytest.mark.study
@described.parametrize()
@settings(max_examples=150, database=None, phases=_PHASES, suppress_health_check=_CHECKED)
def test_many_questions_of_each_resource(case: Case, served: str) -> None:
    asked(case, served)
