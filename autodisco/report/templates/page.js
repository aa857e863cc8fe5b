"use strict";
// Tables sort and filter, marks of charts tell more under the pointer, and polymers show their lives.
// Without a script, the page shows everything but the lives.

const known = new Set([...document.querySelectorAll("tr[data-key]")].map((row) => row.dataset.key));
let unpacked = null;

// Lives by key; unpacked when the first one is asked for.
function lives() {
  unpacked ??= (async () => {
    const text = document.getElementById("lives").textContent;
    const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  })();
  return unpacked;
}

// tables --------------------------------------------------------------------------------------------------------------

const NUMBER = /^[<>≤≥~◂ ]*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/i;

function sortKey(cell) {
  const text = cell ? cell.textContent.trim() : "";
  const number = NUMBER.exec(text);
  return number ? parseFloat(number[1]) : text === "–" ? "" : text;
}

function compare(a, b) {
  if (a === "" || b === "") return (a === "") - (b === ""); // empty cells come last
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return typeof a === "number" ? a - b : a.localeCompare(b);
}

function sortBy(table, head) {
  const column = head.cellIndex, body = table.tBodies[0];
  const before = head.getAttribute("aria-sort");
  const rows = [...body.rows].filter((row) => !row.classList.contains("told"));
  closeAll(body);
  const keys = new Map(rows.map((row) => [row, sortKey(row.cells[column])]));
  const numeric = [...keys.values()].filter((key) => typeof key === "number").length > rows.length / 2;
  // Numbers begin with the largest one, apart from the first column, which counts the rows.
  const first = numeric && column > 0 ? -1 : 1;
  const sign = before === null ? first : before === "ascending" ? -1 : 1;
  const filled = (row) => keys.get(row) !== "";
  rows.sort((a, b) => (filled(a) && filled(b) ? sign : 1) * compare(keys.get(a), keys.get(b)));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  body.append(...rows);
}

function filterRows(table, text, told) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("told"));
  closeAll(table.tBodies[0]);
  let shown = 0;
  for (const row of rows) {
    const content = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => content.includes(word));
    shown += !row.hidden;
  }
  told.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
}

for (const table of document.querySelectorAll("table")) {
  if (table.tBodies[0].rows.length < 3) continue;
  for (const head of table.tHead.rows[0].cells) {
    if (!head.textContent.trim() && head.cellIndex) continue;
    head.tabIndex = 0;
    head.classList.add("sorts");
    head.addEventListener("click", () => sortBy(table, head));
    head.addEventListener("keydown", (event) => event.key === "Enter" && sortBy(table, head));
  }
  if (table.tBodies[0].rows.length < 8) continue;
  const line = document.createElement("p"), field = document.createElement("input"), told = document.createElement("span");
  field.type = "search";
  field.placeholder = "filter: words that a row holds";
  field.setAttribute("aria-label", field.placeholder);
  told.className = "soft small";
  line.className = "filter";
  line.append(field, " ", told);
  table.closest(".scroll").before(line);
  field.addEventListener("input", () => filterRows(table, field.value, told));
}

// lives ---------------------------------------------------------------------------------------------------------------

function closeAll(body) {
  for (const row of body.querySelectorAll("tr.told")) row.remove();
  for (const button of body.querySelectorAll("[aria-expanded=true]")) button.setAttribute("aria-expanded", "false");
}

async function tell(box, key) {
  const text = document.createElement("pre");
  box.append(text);
  try {
    const life = (await lives())[key], links = Object.entries(life.links);
    text.textContent = life.text;
    if (!links.length) return;
    const line = document.createElement("p");
    line.className = "small";
    line.append("Files of the replicas: ");
    links.forEach(([name, target], place) => {
      const link = document.createElement("a");
      link.href = target;
      link.textContent = name;
      line.append(place ? ", " : "", link);
    });
    box.append(line);
  } catch {
    text.textContent = "This browser cannot unpack the lives; autodisco explain shows them.";
  }
}

function toggle(row, open) {
  const button = row.querySelector("button.opens"), next = row.nextElementSibling;
  const isOpen = next && next.classList.contains("told");
  if (isOpen && !open) next.remove();
  if (!isOpen && open) {
    const told = document.createElement("tr"), cell = document.createElement("td"), box = document.createElement("div");
    told.className = "told";
    box.className = "life";
    cell.colSpan = row.cells.length;
    cell.append(box);
    told.append(cell);
    tell(box, row.dataset.key);
    row.after(told);
  }
  button.setAttribute("aria-expanded", String(open));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.opens");
  if (button) toggle(button.closest("tr"), button.getAttribute("aria-expanded") !== "true");
});

function show(key) {
  const row = document.querySelector(`tr[data-key="${CSS.escape(key)}"]`);
  if (!row) return;
  row.hidden = false;
  toggle(row, true);
  row.scrollIntoView({ block: "center" });
}

// charts --------------------------------------------------------------------------------------------------------------

const REACH = 16; // pixels between the pointer and a mark
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);

function nearest(marks, x, y) {
  let best = null, least = REACH;
  for (const [mark, box] of marks) {
    const dx = Math.max(box.left - x, 0, x - box.right), dy = Math.max(box.top - y, 0, y - box.bottom);
    const centre = Math.hypot(x - (box.left + box.right) / 2, y - (box.top + box.bottom) / 2);
    const distance = Math.hypot(dx, dy) + 1e-3 * centre;
    if (distance < least) [best, least] = [mark, distance];
  }
  return best;
}

for (const chart of document.querySelectorAll("figure")) {
  const found = [...chart.querySelectorAll("[data-tip]")];
  if (!found.length) continue;
  let marks = null, seen = null;
  const look = (event) => {
    marks ??= found.map((mark) => [mark, mark.getBoundingClientRect()]);
    seen = nearest(marks, event.clientX, event.clientY);
    tip.hidden = !seen;
    chart.style.cursor = seen && known.has(seen.dataset.key) ? "pointer" : "";
    if (!seen) return;
    tip.textContent = seen.dataset.tip;
    const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${event.clientY + 18}px`;
  };
  const leave = () => { marks = null; tip.hidden = true; };
  chart.addEventListener("pointermove", look);
  chart.addEventListener("pointerdown", look);
  chart.addEventListener("pointerleave", leave);
  addEventListener("scroll", leave, { passive: true });
  chart.addEventListener("click", () => seen && known.has(seen.dataset.key) && show(seen.dataset.key));
}

// links to one polymer ----------------------------------------------------------------------------------------------

function showLinked() {
  if (location.hash) show(location.hash.slice(1));
}
window.addEventListener("hashchange", showLinked);
showLinked();
