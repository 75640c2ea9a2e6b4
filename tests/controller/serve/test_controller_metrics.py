"""Metrics under both names (cf-control-plane §1.10)."""

from __future__ import annotations

from typing import NoReturn

from prometheus_client.parser import text_string_to_metric_families

from poplin.controller.serve.metrics import Metrics


def scrape(metrics: Metrics) -> dict[str, float]:
    """The samples without labels, and those with by name and values."""
    families = text_string_to_metric_families(metrics.text().decode())
    samples = [each for family in families for each in family.samples]
    return {" ".join([each.name, *each.labels.values()]): each.value for each in samples}


def make_metrics() -> Metrics:
    """Of a store with seven policies and two connections."""
    metrics = Metrics()
    metrics.watch({"totalPolicies": lambda: 7, "DBOpenConnections": lambda: 2})
    return metrics


def test_request_is_counted_under_both_names() -> None:
    metrics = make_metrics()
    metrics.observe_request("CreatePolicies", 0.25, 200)
    metrics.observe_request("CreatePolicies", 0.5, 403)
    seen = scrape(metrics)
    assert seen["CreatePoliciesRequestTime"] == 500
    assert seen["CreatePoliciesRequestCount"] == 2
    assert seen["http_error"] == 1
    assert seen["poplin_controller_request_seconds_sum CreatePolicies"] == 0.75
    assert seen["poplin_controller_answers_total CreatePolicies 403"] == 1


def test_operation_of_the_store_is_counted_under_both_names() -> None:
    metrics = make_metrics()
    metrics.observe_store("Create", 0.25, True)
    metrics.observe_store("SecurityGroups.Replace", 0.5, False)
    seen = scrape(metrics)
    assert seen["StoreCreateSuccessTime"] == 250
    assert (seen["SecurityGroupsStoreReplaceErrorTime"], seen["SecurityGroupsStoreReplaceError"]) == (500, 1)
    assert (seen["DBQueriesTotal"], seen["DBQueriesSucceeded"], seen["DBQueriesFailed"]) == (2, 1, 1)
    assert seen["DBQueryDurationMax"] == 0.5
    assert seen["poplin_controller_store_seconds_count Create success"] == 1


def test_longest_query_is_that_since_the_last_scrape() -> None:
    metrics = make_metrics()
    metrics.observe_store("Create", 0.25, True)
    scrape(metrics)
    assert scrape(metrics)["DBQueryDurationMax"] == 0


def test_counts_are_those_of_the_scrape() -> None:
    seen = scrape(make_metrics())
    assert (seen["totalPolicies"], seen["poplin_controller_policies"], seen["DBOpenConnections"]) == (7, 7, 2)
    assert seen["uptime"] >= 0


def test_scrape_works_while_the_database_does_not() -> None:
    def fail() -> NoReturn:
        raise RuntimeError("no database")

    metrics = Metrics()
    metrics.watch({"totalPolicies": fail, "DBOpenConnections": lambda: 0})
    seen = scrape(metrics)
    assert "totalPolicies" not in seen and "poplin_controller_policies" not in seen
    assert seen["DBOpenConnections"] == 0
