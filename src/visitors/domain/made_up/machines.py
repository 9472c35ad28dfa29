"""Devices, browsers, attributions and pages of made-up visitors: realistic combinations, weighted."""

from __future__ import annotations

# weight, device, type, os and version, browser and version, screen and viewport in CSS pixels
_MACHINES = """
12 | iPhone          | mobile  | iOS      | 18.1    | Safari           | 18.1  | 390x844   | 390x664
 8 | iPhone          | mobile  | iOS      | 17.6    | Safari           | 17.6  | 393x852   | 393x659
 3 | iPhone          | mobile  | iOS      | 17.6    | Chrome           | 130.0 | 430x932   | 430x739
 2 | iPhone          | mobile  | iOS      | 15.8    | Safari           | 15.6  | 375x667   | 375x548
10 | Galaxy S24      | mobile  | Android  | 14      | Chrome           | 130.0 | 360x780   | 360x648
 4 | Galaxy S24      | mobile  | Android  | 14      | Samsung Internet | 26.0  | 360x780   | 360x622
 7 | Pixel 8         | mobile  | Android  | 15      | Chrome           | 131.0 | 412x915   | 412x785
 2 | Pixel 8         | mobile  | Android  | 15      | Firefox          | 132.0 | 412x915   | 412x796
 6 | Redmi Note 12   | mobile  | Android  | 13      | Chrome           | 129.0 | 393x873   | 393x735
 3 | Moto G          | mobile  | Android  | 12      | Chrome           | 124.0 | 360x800   | 360x668
 3 | iPad            | tablet  | iPadOS   | 18.1    | Safari           | 18.1  | 820x1180  | 820x1106
 2 | iPad            | tablet  | iPadOS   | 17.6    | Safari           | 17.6  | 1024x1366 | 1024x1292
 2 | Galaxy Tab S9   | tablet  | Android  | 14      | Chrome           | 130.0 | 800x1280  | 800x1168
12 | PC              | desktop | Windows  | 11      | Chrome           | 131.0 | 1920x1080 | 1920x945
 4 | PC              | desktop | Windows  | 11      | Chrome           | 130.0 | 2560x1440 | 1536x1193
 7 | PC              | desktop | Windows  | 11      | Edge             | 131.0 | 1920x1080 | 1912x954
 3 | PC              | desktop | Windows  | 11      | Firefox          | 132.0 | 1536x864  | 1536x739
 5 | PC              | desktop | Windows  | 10      | Chrome           | 130.0 | 1366x768  | 1366x633
 2 | PC              | desktop | Windows  | 10      | Firefox          | 115.0 | 1366x768  | 1349x625
 2 | PC              | desktop | Windows  | 10      | Opera            | 114.0 | 1600x900  | 1541x766
 6 | MacBook Pro     | desktop | macOS    | 15.1    | Safari           | 18.1  | 1728x1117 | 1450x898
 5 | MacBook Pro     | desktop | macOS    | 15.1    | Chrome           | 131.0 | 1512x982  | 1512x823
 3 | MacBook Air     | desktop | macOS    | 14.7    | Safari           | 17.6  | 1440x900  | 1265x715
 2 | MacBook Air     | desktop | macOS    | 14.7    | Firefox          | 132.0 | 1470x956  | 1470x800
 2 | iMac            | desktop | macOS    | 15.1    | Chrome           | 131.0 | 2560x1440 | 1680x1239
 2 | PC              | desktop | Linux    | 6.8     | Firefox          | 132.0 | 1920x1080 | 1853x947
 1 | ThinkPad        | desktop | Linux    | 6.6     | Chrome           | 130.0 | 1920x1200 | 1920x1074
 1 | Chromebook      | desktop | ChromeOS | 130.0   | Chrome           | 130.0 | 1366x768  | 1366x649
"""
_FIELDS = (
    "device", "deviceType", "os", "osVersion", "browser", "browserVersion", "screenResolution", "viewport",
)  # fmt: skip


def _machines() -> tuple[dict[str, str], ...]:
    found: list[dict[str, str]] = []
    for line in _MACHINES.strip().splitlines():
        weight, *values = (value.strip() for value in line.split("|"))
        found += [dict(zip(_FIELDS, values, strict=True))] * int(weight)
    return tuple(found)


MACHINES = _machines()
"""Browser data by field, each entry repeated by its weight."""

ATTRIBUTIONS = (
    '{"firstTouch":{"channel":"direct","referrer":null,"utm":null}}',
    '{"firstTouch":{"channel":"organic","referrer":{"domain":"search.example"},"utm":null}}',
    '{"firstTouch":{"channel":"referral","referrer":{"domain":"blog.example"},"utm":null}}',
    '{"firstTouch":{"channel":"email","referrer":null,"utm":{"source":"newsletter","campaign":"spring"}}}',
    '{"firstTouch":{"channel":"paid","referrer":{"domain":"search.example"},"utm":{"source":"ads","term":"chat"}}}',
    None,
    None,
)
"""Attributions as JSON; None for some."""

PAGES = tuple(
    f'{{"url":"https://www.example.com{path}","path":"{path}","title":"{title}"}}'
    for path, title in (
        ("/", "Home"),
        ("/pricing", "Pricing"),
        ("/features", "Features"),
        ("/docs/install", "Install"),
        ("/blog/release", "What is new"),
        ("/login", "Log in"),
        ("/account/billing", "Billing"),
    )
)
"""Current pages as JSON."""
