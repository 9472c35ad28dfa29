"""Import everything with a mapping, compared with the same file without one."""

from __future__ import annotations

import os

from processes import Run, median
from scale_bench import Bench, Row, compared, say

MAPPING = """\
version: 1
name: same
visitors:
  recognise: [id]
  fields:
    {fields}
  metadata: [{metadata}]
  drop: [contact.metadataHash, isBlocked, blockedAt, blockedBy, blockReason, blockExpiresAt, contact.isBlocked]
"""
TEXTS = """
    id language timezone fingerprint browser browserVersion os osVersion device deviceType ip city region country
    countryCode latitude longitude screenResolution viewport createdAt updatedAt lastSeenAt deletedAt contact.id
    contact.externalId contact.name contact.email contact.image contact.createdAt contact.updatedAt contact.deletedAt
"""


OBJECTS = {"attribution": ["source", "medium", "campaign", "cost"], "currentPage": ["url", "title", "referrer"]}


def mappings(bench: Bench) -> list[Row]:
    """Import the NDJSON, whose fields are nested, and the CSV, whose columns are flat, by a mapping of every field.

    Lines in the shape of an export have a reader of their own, unless there is a `--map`.
    """
    nested = [
        f"{field}: {{object: {{{', '.join(f'{key}: {field}.{key}' for key in keys)}}}}}"
        for field, keys in OBJECTS.items()
    ]
    flat = [f"{field}: {field}" for field in (*OBJECTS, "contact.metadata")]
    kinds = (
        ("NDJSON", bench.data(bench.scale), nested, "contact.metadata.*"),
        ("CSV", bench.as_csv(), flat, ""),
    )
    rows = []
    for name, data, documents, metadata in kinds:
        mapping = bench.scratch(f"{name}.yaml")
        fields = [f"{field}: {field}" for field in TEXTS.split()] + documents
        mapping.write_text(MAPPING.format(fields="\n    ".join(fields), metadata=metadata))
        words = {
            "with a mapping": ("--mapping", str(mapping)),
            "without": ("--mapping", "none"),
            "with --map": ("--mapping", "none", "--map", "language=language"),
        }
        runs: dict[str, list[Run]] = {how: [] for how in words}
        for _ in range(bench.rounds):
            for how, found in runs.items():
                os.sync()
                found.append(bench.visitors(bench.scratch("mapped.db"), "import", str(data), *words[how]))
        say(f"import of {name}: " + ", ".join(f"{median(found):.1f} s {how}" for how, found in runs.items()))
        ours = runs.pop("with a mapping")
        rows += [
            compared(f"import {name} with a mapping", how, ours, found, ratio_limit=1.15) for how, found in runs.items()
        ]
    return rows
