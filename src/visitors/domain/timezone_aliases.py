"""Time zone aliases from the IANA database: Asia/Calcutta is the former name of Asia/Kolkata.

The database has them as links (`L TARGET NAME` in tzdata.zi; see zic(8)). It also links places whose clocks have agreed
since 1970, such as Oslo and Berlin: a name listed in zone.tab is a place of its own and not an alias.
"""

from __future__ import annotations

# Former names of places that are themselves links; comments in the database's source tell which place each one is.
_FORMER = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Europe/Oslo",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}


def aliases_of(zone: str) -> list[str]:
    """Return all names of the zone called `zone`, sorted; only itself if there is no database."""
    from pkgutil import get_data

    try:
        links, places = (get_data("tzdata", f"zoneinfo/{name}") or b"" for name in ("tzdata.zi", "zone.tab"))
    except OSError:
        return [zone]
    own = {line.split("\t")[2] for line in places.decode().splitlines() if line.count("\t") > 1}
    meant: dict[str, str] = {}
    for line in links.decode().splitlines():
        if line.startswith("L "):
            _, target, name = line.split()
            if name not in own:
                meant[name] = target
    meant |= _FORMER
    one = meant.get(zone, zone)
    return sorted({zone, one, *(name for name, target in meant.items() if target == one)})
