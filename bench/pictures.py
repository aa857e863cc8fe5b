"""The pictures of the README, from a campaign: its monitor while it runs, and its report when it has ended.

    python bench/pictures.py monitor runs/quickstart [--columns 110] [--lines 36]
    python bench/pictures.py report runs/quickstart [--width 1100] [--height 2000] [--dark]

They are written to docs/images, or where --out says. Chromium draws them; `autodisco report` writes the page before.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from autodisco.monitor import as_svg

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
SVG_WIDTH = 1360  # pixels of the picture of the monitor
COLOURS = 128


def main() -> None:
    """Make one picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("monitor", "report"))
    parser.add_argument("folder", type=Path, help="of the campaign")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--columns", type=int, default=110)
    parser.add_argument("--lines", type=int, default=36)
    parser.add_argument("--width", type=int, default=1100)
    parser.add_argument("--height", type=int, default=2000)
    parser.add_argument("--dark", action="store_true")
    given = parser.parse_args()
    out = given.out or IMAGES / f"{given.what}.png"
    if given.what == "monitor":
        draw_monitor(given.folder, out, given.columns, given.lines)
    else:
        draw_page(given.folder / "report" / "index.html", out, given.width, given.height, given.dark)
    print(out)


def draw_monitor(folder: Path, out: Path, columns: int, lines: int) -> None:
    """The monitor's picture of now."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "monitor.svg").write_text(as_svg(folder, columns, lines))
        page = Path(place) / "monitor.html"
        page.write_text(f'<body style="margin:0"><img src="monitor.svg" width="{SVG_WIDTH}"></body>')
        draw_page(page, out, SVG_WIDTH, 2000, dark=False)


def draw_page(page: Path, out: Path, width: int, height: int, dark: bool) -> None:
    """The upper part of a page, without what is empty below it."""
    with tempfile.TemporaryDirectory() as place:
        shot = Path(place) / "shot.png"
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--window-size={width},{height}",
        ]
        options += [f"--window-size={width},{height}", *["--blink-settings=preferredColorScheme=0"] * dark]
        line = [CHROMIUM, *options, "--virtual-time-budget=5000", f"--screenshot={shot}", page.resolve().as_uri()]
        subprocess.run(line, check=True, capture_output=True)
        with Image.open(shot) as seen:
            picture = seen.convert("RGB")
    background = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    lowest = max(row for row in range(picture.height) if picture.crop((0, row, width, row + 1)).tobytes()
                 != background.crop((0, row, width, row + 1)).tobytes())  # fmt: skip
    picture.crop((0, 0, width, min(picture.height, lowest + 12))).quantize(COLOURS).save(out, optimize=True)


if __name__ == "__main__":
    main()
