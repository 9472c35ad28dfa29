"""visitors: administer the people who come to an application through a support widget."""

__version__ = "0.1.0"
