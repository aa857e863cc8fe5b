"""The live terminal view of a campaign. It reads the store, never writes, and may come and go as it likes."""

from autodisco.monitor.frame import frame
from autodisco.monitor.live import as_svg, following, picture, watch

__all__ = ["as_svg", "following", "frame", "picture", "watch"]
