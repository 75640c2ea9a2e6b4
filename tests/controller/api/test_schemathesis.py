"""Whatever clients send, right or wrong, the answer is one that the OpenAPI document has, and never a 500.

The cases are made from the documents the interfaces serve, half of them against the documents' rules; they are the same
in every run.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import schemathesis
from controller.api_lab import ADMIN, WRITER, OwnApps, make_service
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from poplin.controller.api.apps import make_external, make_internal
from poplin.controller.api.documents import describe_external, describe_internal
from poplin.controller.store import Store

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
# Of each operation that has a body or parameters; in the long run they are more than 5,000 altogether.
CASES = 500 if "POPLIN_ALL" in os.environ else 100
CASES_WITHOUT_INPUT = 10
TOKENS = [ADMIN, ADMIN, WRITER, {"Authorization": "Bearer stolen"}, {}]


def list_operations() -> list[tuple[str, str, str, int]]:
    """Interface, path and method of each, and how many cases."""
    return [
        (interface, path, method, CASES if operation.keys() & {"parameters", "requestBody"} else CASES_WITHOUT_INPUT)
        for interface, document in (("external", describe_external()), ("internal", describe_internal()))
        for path, methods in json.loads(document)["paths"].items()
        for method, operation in methods.items()
    ]


def make_app(interface: str, store: Store) -> Any:
    """The interface over a healthy store."""
    if interface == "internal":
        return make_internal(store)
    return make_external(make_service(store, guard=OwnApps({"0", "00"}), cors=("https://page",)))


@pytest.mark.parametrize(("interface", "path", "method", "count"), list_operations())
def test_every_answer_is_one_that_is_described(
    store: Store, interface: str, path: str, method: str, count: int
) -> None:
    app = make_app(interface, store)
    operation = schemathesis.openapi.from_asgi("/openapi.json", app)[path][method]
    modes = schemathesis.GenerationMode
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in (modes.POSITIVE, modes.NEGATIVE)))

    @settings(max_examples=count, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=cases, token=st.sampled_from(TOKENS))
    def ask(case: schemathesis.Case[Any], token: dict[str, str]) -> None:
        case.call_and_validate(headers=token, checks=CHECKS)

    ask()
