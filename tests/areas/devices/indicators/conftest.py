"""Bundles made of patterns."""

import json

import pytest

FAMILY = "malware--00000000-0000-4000-8000-000000000001"
TIME = "2026-01-02T03:04:05.678901Z"


def numbered(kind, number):
    return f"{kind}--00000000-0000-4000-8000-{number:012x}"


@pytest.fixture
def bundle():
    """A function that makes the objects of a bundle of patterns, all of one family."""

    def make(*patterns, family="Example", **more):
        objects = [{"type": "malware", "id": FAMILY, "created": TIME, "modified": TIME, "name": family}]
        for number, pattern in enumerate(patterns, 1):
            one = {"type": "indicator", "id": numbered("indicator", number), "created": TIME, "modified": TIME}
            objects.append({**one, "pattern": pattern, "pattern_type": "stix", "valid_from": TIME, **more})
            between = {"relationship_type": "indicates", "source_ref": one["id"], "target_ref": FAMILY}
            objects.append({"type": "relationship", "id": numbered("relationship", number), **between})
        return objects

    return make


@pytest.fixture
def write(tmp_path):
    """A function that writes objects as a bundle."""

    def make(objects, name="feed.stix2", **more):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects, **more}), encoding="utf-8")
        return path

    return make
