"""The page in a real browser: its script sorts, filters, opens lives and tells what a mark of a chart stands for.

The browser is Chromium from the package manager; without it these tests are skipped.
"""

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from autodisco.report import write_report
from tests.filled_store import fill

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="needs chromium")]

ACTIONS = """
<script>
(async () => {
  const told = {}, table = document.querySelector("table.ranking");
  const rows = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const names = () => rows().map((row) => row.querySelector("code").textContent);
  const head = [...table.tHead.rows[0].cells].find((cell) => cell.textContent.startsWith("σ"));
  told.before = names();
  head.click(); told.falling = names();
  head.click(); told.rising = names();
  const field = document.querySelector(".filter input");
  field.value = "oco better"; field.dispatchEvent(new Event("input")); told.filtered = names();
  field.value = ""; field.dispatchEvent(new Event("input"));
  const button = rows().map((row) => row.querySelector("button.opens")).find((one) => one.textContent === "*COCOC*");
  button.click();
  const life = button.closest("tr").nextElementSibling;
  while (!life.querySelector("pre").textContent) await new Promise((done) => setTimeout(done, 20));
  told.life = life.querySelector("pre").textContent;
  told.links = [...life.querySelectorAll("a")].map((link) => link.getAttribute("href"));
  button.click(); told.closed = !document.querySelector("tr.told");
  const mark = document.querySelector("figure [data-tip]"), box = mark.getBoundingClientRect();
  const at = { bubbles: true, clientX: box.left + box.width / 2 + 4, clientY: box.top + box.height / 2 };
  mark.dispatchEvent(new PointerEvent("pointermove", at));
  told.tip = document.getElementById("tip").textContent;
  mark.dispatchEvent(new MouseEvent("click", at));
  told.opened = document.querySelector("tr.told").previousElementSibling.querySelector("code").textContent;
  const wide = document.documentElement;
  told.overflow = wide.scrollWidth - wide.clientWidth;
  const result = document.createElement("pre");
  result.id = "result"; result.textContent = JSON.stringify(told); document.body.append(result);
})();
</script>
</body>"""


@pytest.fixture(scope="module", params=["1300,900", "390,844"])
def told(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "found"
    with fill(folder, state="exhausted", alive=False) as store:
        store.replica_folder(next(row.key for row in store.polymers() if row.given == "*COCOC*"), "quick", 0).mkdir(
            parents=True
        )
        page = write_report(store)
    page.write_text(page.read_text().replace("</body>", ACTIONS))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--window-size={request.param}", "--dump-dom"]
    run = subprocess.run(
        [CHROMIUM, *options, "--virtual-time-budget=10000", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    found = re.search(r'<pre id="result">(.*?)</pre>', run.stdout, re.DOTALL)
    assert found, run.stderr[-2000:]
    return json.loads(unescape(found[1]))


def test_a_link_to_a_polymer_opens_its_life(tmp_path):
    with fill(tmp_path / "found", state="exhausted", alive=False) as store:
        key, page = next(row.key for row in store.polymers() if row.given == "*COCOC*"), write_report(store)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom"]
    run = subprocess.run([CHROMIUM, *options, f"{page.as_uri()}#{key}"], capture_output=True, text=True, timeout=120)
    (told,) = re.findall(r'<tr class="told">.*?<pre>(.*?)</pre>', run.stdout, re.DOTALL)
    assert told.startswith("*COCOC*   canonical *COCOC*")


def test_a_heading_sorts_the_table_and_sorts_it_the_other_way_round(told):
    assert told["before"][0] == "*COCOC*"
    assert told["falling"][:2] == ["*COCOC*", "*OCOCCOC*"]
    assert told["rising"][0] == "*SCC*"
    assert sorted(told["rising"]) == sorted(told["before"])


def test_rows_are_filtered_by_words(told):
    assert sorted(told["filtered"]) == ["*COCOC*", "*OCOCCOC*"]


def test_a_polymer_opens_with_its_life_and_its_files(told):
    assert told["life"].startswith("*COCOC*   canonical *COCOC*")
    assert "drawn as *COCOC* in iteration 2" in told["life"]
    assert "replica 0, attempt 2: 51 mS/cm" in told["life"]
    assert len(told["links"]) == 1
    assert told["links"][0].startswith("../simulations/")
    assert told["closed"]


def test_a_mark_of_a_chart_tells_its_polymer_and_opens_it(told):
    assert told["tip"].startswith("from iteration 1: *OCOCCOC*, ")
    assert told["opened"] == "*OCOCCOC*"


def test_the_page_is_no_wider_than_the_window(told):
    assert told["overflow"] <= 0
