"""Which names of time zones mean the same zone, by the IANA database: Asia/Calcutta is what Asia/Kolkata was called.

The database has them as links (`L TARGET NAME` in tzdata.zi: zic(8)). But it links places, too, whose clocks have
agreed since 1970, as those of Oslo and Berlin: what is listed as a place of its own (in zone.tab) is no other name.
"""

from __future__ import annotations

# Former names of places that are themselves links to another place: the comments in the database's source tell whose.
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


def names_of(zone: str) -> list[str]:
    """All names of the zone that `zone` names, in alphabetical order; itself alone where the database is missing."""
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
