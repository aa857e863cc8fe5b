"""The live terminal view of a campaign. It reads the store, never writes, and may come and go as it likes."""

from autodisco.monitor.frame import ITERATIONS, frame
from autodisco.monitor.lines import Lines
from autodisco.monitor.live import Painter, as_svg, following, picture, watch
from autodisco.monitor.watch import Watch

__all__ = ["ITERATIONS", "Lines", "Painter", "Watch", "as_svg", "following", "frame", "picture", "watch"]
