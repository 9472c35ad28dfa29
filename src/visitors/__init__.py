"""visitors: administer the people who come to an application through a support widget.

    with visitors.open_store("shop.db") as store:
        store.identify("v-1", email="amara@example.com")

Nothing is imported until it is asked for: the command starts through here.
"""

__version__ = "0.1.0"

__all__ = ["VisitorStore", "__version__", "open_store"]

TYPE_CHECKING = False  # importing typing for the real one costs time at every start
if TYPE_CHECKING:
    from visitors.api import VisitorStore, open_store
else:

    def __getattr__(name: str) -> object:
        if name in ("VisitorStore", "open_store"):
            from visitors import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
