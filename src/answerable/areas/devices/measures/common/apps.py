"""What is known of apps: stores, browsers, parts of the system; and which apps came from elsewhere."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.rules import any_of

if TYPE_CHECKING:
    import ibis.expr.types as ir


@cache
def known_apps() -> Mapping[str, Sequence[str]]:
    """Lists of apps by what they are."""
    return tomllib.loads(Path(__file__).with_name("apps.toml").read_text(encoding="utf-8"))


def of_system(app: Any) -> Any:
    """Whether the name of an app is one of the system's parts; anybody can name an app so."""
    prefixes = known_apps()["system"]
    return any_of(app == name if not name.endswith(".") else app.startswith(name) for name in prefixes)


def trusted(installer: Any) -> Any:
    """Whether who installed an app is a store that checks apps, or the management of an employer."""
    return installer.isin([*known_apps()["stores"], *known_apps()["managers"]])


def from_elsewhere(apps: ir.Table) -> ir.Table:
    """Apps that are no part of the system and did not come from a store that checks apps.

    An app is the system's only where the phone says so: its name proves nothing.
    """
    return apps.filter(
        apps.app.fill_null("") != "",
        ~apps.system.fill_null(False),
        ~trusted(apps.installer.fill_null("")),
        # Where nothing at all is said of its origin, the phone must say that it came later.
        (apps.installer.fill_null("") != "") | apps.third_party.fill_null(False),
    )
