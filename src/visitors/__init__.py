"""visitors: administer the people who come to an application through a support widget.

    with visitors.open_store("shop.db") as store:
        store.identify("v-1", email="amara@example.com")

Names are imported on first use, since the command also starts by importing this package.
"""

__version__ = "0.1.0"

__all__ = ["VisitorStore", "__version__", "open_store"]

TYPE_CHECKING = False  # importing the real one from typing would slow every start
if TYPE_CHECKING:
    from visitors.api import VisitorStore, open_store
else:

    def __getattr__(name: str) -> object:
        if name in ("VisitorStore", "open_store"):
            from visitors import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
