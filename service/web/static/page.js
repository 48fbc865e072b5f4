// The pages work without this file. It opens units in place, and lets marks of the chart be
// pointed at: the nearest one tells its name and figures, and a click leads to the rep.
"use strict";

document.documentElement.classList.add("scripted");

for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.submit());
}

// ── The tree of quotas ──────────────────────────────────────

function below(row) {
  const level = Number(row.dataset.level);
  const rows = [];
  let next = row.nextElementSibling;
  while (next && Number(next.dataset.level) > level) {
    rows.push(next);
    next = next.nextElementSibling;
  }
  return rows;
}

async function fetchRows(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const body = document.createElement("tbody");
  body.innerHTML = await answer.text();
  return [...body.rows];
}

function reveal(row) {
  let closedBelow = Infinity;
  for (const other of below(row)) {
    const at = Number(other.dataset.level);
    if (at <= closedBelow) closedBelow = Infinity;
    other.hidden = at > closedBelow;
    const twist = other.querySelector(".twist");
    if (!other.hidden && twist?.getAttribute("aria-expanded") === "false") closedBelow = at;
  }
}

async function toggle(twist) {
  const row = twist.closest("tr");
  if (twist.getAttribute("aria-busy") === "true") return;
  if (twist.getAttribute("aria-expanded") === "true") {
    twist.setAttribute("aria-expanded", "false");
    for (const other of below(row)) other.hidden = true;
    return;
  }
  if (below(row).length === 0) {
    twist.setAttribute("aria-busy", "true");
    try {
      row.after(...(await fetchRows(twist.dataset.rows)));
    } catch {
      location.assign(twist.href); // the server's own page says what is wrong
      return;
    } finally {
      twist.removeAttribute("aria-busy");
    }
  }
  twist.setAttribute("aria-expanded", "true");
  reveal(row);
}

document.addEventListener("click", async (event) => {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const twist = event.target.closest(".twist");
  if (twist) {
    event.preventDefault();
    await toggle(twist);
    return;
  }
  const more = event.target.closest("a[data-more]");
  if (more) {
    event.preventDefault();
    try {
      more.closest("tr").replaceWith(...(await fetchRows(more.dataset.more)));
    } catch {
      location.assign(more.href);
    }
  }
});

document.addEventListener("keydown", (event) => {
  const twist = event.target.closest?.(".twist");
  if (twist && event.key === " ") {
    event.preventDefault();
    toggle(twist);
  }
});

// ── The chart ───────────────────────────────────────────────

const REACH = 28; // pixels within which a mark is pointed at

function openChart(panels) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  panels.append(tip);

  const marks = [...panels.querySelectorAll(".mark, .dot")];
  const texts = new Map();
  for (const mark of marks) {
    const title = mark.querySelector("title");
    if (!title) continue;
    texts.set(mark.dataset.rep ?? mark, title.textContent);
    title.remove(); // else the browser shows it beside our own
  }

  let places = null;
  const measure = () => {
    const frame = panels.getBoundingClientRect();
    places = marks.map((mark) => {
      const box = mark.getBoundingClientRect();
      return {
        mark,
        x: box.x + box.width / 2 - frame.x,
        y: box.y + box.height / 2 - frame.y,
      };
    });
  };
  addEventListener("resize", () => (places = null));

  const nearest = (event) => {
    if (!places) measure();
    const frame = panels.getBoundingClientRect();
    const x = event.clientX - frame.x;
    const y = event.clientY - frame.y;
    let found = null;
    let distance = REACH;
    for (const place of places) {
      const away = Math.hypot(place.x - x, place.y - y);
      if (away < distance) [found, distance] = [place, away];
    }
    return found;
  };

  let shown = null;
  const light = (place) => {
    const key = place?.mark ?? null;
    if (key === shown) return;
    shown = key;
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    tip.hidden = true;
    if (!place) return;
    const rep = place.mark.dataset.rep;
    const twins = rep === undefined ? [place.mark] : document.querySelectorAll(`[data-rep="${CSS.escape(rep)}"]`);
    for (const twin of twins) twin.classList.add("lit");
    const text = texts.get(rep ?? place.mark);
    if (!text) return;
    tip.textContent = text;
    tip.hidden = false;
    const left = place.x + 14 + tip.offsetWidth > panels.clientWidth;
    tip.style.left = `${left ? Math.max(0, place.x - 14 - tip.offsetWidth) : place.x + 14}px`;
    tip.style.top = `${Math.max(0, place.y - tip.offsetHeight - 8)}px`;
  };

  for (const plot of panels.querySelectorAll("[data-plot]")) {
    plot.addEventListener("pointermove", (event) => light(nearest(event)));
    plot.addEventListener("pointerleave", () => light(null));
    plot.addEventListener("click", (event) => {
      if (event.target.closest("a")) return;
      const href = nearest(event)?.mark.getAttribute("href");
      if (href) location.assign(href);
    });
  }

  // a line of the table shows its mark
  document.querySelector(".quotas")?.addEventListener("pointerover", (event) => {
    const rep = event.target.closest("tr[data-rep]")?.dataset.rep;
    for (const lit of panels.querySelectorAll(".lit")) lit.classList.remove("lit");
    if (rep === undefined) return;
    for (const mark of panels.querySelectorAll(`[data-rep="${CSS.escape(rep)}"]`)) mark.classList.add("lit");
  });
}

for (const panels of document.querySelectorAll("[data-panels]")) openChart(panels);
