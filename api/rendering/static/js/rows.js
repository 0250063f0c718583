// The list beside the map: the same plots, a page at a time. Its rows and the map point at one another.

// On a laptop of 1366 x 768 map and list would share 640 pixels, and neither could be worked with: there the list is a
// bar below the map until it is wanted. On a narrow screen they lie one after the other.
const LOW_SCREEN = 800; // pixels
const NARROW_SCREEN = 860; // pixels, as the style of the page has it

/** Fetch the list, and keep it, the map and the address of the page of one state. */
export function showRows() {
  const section = document.getElementById("rows");
  if (!section) return;
  const map = document.getElementById("map");
  const body = document.getElementById("rows-body");
  const note = document.getElementById("rows-note");
  let chosen = new URLSearchParams(window.location.search).get("plot");
  let opener = null; // what the card was opened with; there the reader comes back to
  let asked = 0;
  if (window.innerHeight < LOW_SCREEN && window.innerWidth > NARROW_SCREEN) section.querySelector("details").open = false;

  const mark = () => {
    for (const row of body.querySelectorAll("tr[aria-current]")) row.removeAttribute("aria-current");
    const row = chosen && rowOf(body, chosen);
    if (row) {
      row.setAttribute("aria-current", "true");
      reveal(row);
    }
    note.textContent = chosen && !row ? section.dataset.elsewhere.replace("{plot}", chosen) : "";
  };
  const show = async (address) => {
    asked += 1;
    const mine = asked;
    section.setAttribute("aria-busy", "true");
    const html = await fetched(address);
    if (mine !== asked) return; // a later one is on its way
    section.hidden = false;
    section.setAttribute("aria-busy", "false");
    if (html === null) {
      note.textContent = section.dataset.fault;
      return;
    }
    body.innerHTML = html;
    mark();
  };

  body.addEventListener("click", (event) => {
    const link = event.target.closest("thead a, .pages a");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      turnTo(link, show).then(() => { body.querySelector("[aria-sort] a, .pages a")?.focus(); });
      return;
    }
    const row = event.target.closest("tr[data-plot]");
    if (!row || event.target.closest("a, input, label")) return;
    opener = event.target.closest("button");
    open(map, row);
  });
  for (const [begins, ends] of [["mouseover", "mouseleave"], ["focusin", "focusout"]]) {
    body.addEventListener(begins, ({ target }) => point(map, target.closest("tr[data-plot]")));
    body.addEventListener(ends, () => point(map, null));
  }
  map.addEventListener("obod:view", ({ detail }) => {
    if (!("plot" in detail)) return;
    chosen = detail.plot;
    mark();
    if (chosen === null) {
      opener?.focus();
      opener = null;
    }
  });
  map.addEventListener("obod:trial", ({ detail }) => {
    document.getElementById("rows-published").hidden = !detail;
  });
  show(section.dataset.address);
}

/** Show the page of the list that a link leads to; its order is a part of the state of the page. */
async function turnTo(link, show) {
  const address = new URL(link.href);
  const sortby = address.searchParams.get("sortby");
  document.getElementById("map").dispatchEvent(new CustomEvent("obod:view", { detail: { sortby } }));
  address.pathname += "/rows";
  await show(address);
}

async function fetched(address) {
  try {
    const answer = await fetch(address);
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

function rowOf(body, plot) {
  return [...body.querySelectorAll("tr[data-plot]")].find((row) => row.dataset.plot === plot);
}

/** Have a row seen within the table; the page itself stays where it is. */
function reveal(row) {
  const table = row.closest(".wide");
  const head = table.querySelector("thead").offsetHeight;
  const above = row.offsetTop - head < table.scrollTop;
  const below = row.offsetTop + row.offsetHeight > table.scrollTop + table.clientHeight;
  if (above || below) table.scrollTop = row.offsetTop - head;
}

function point(map, row) {
  map.dispatchEvent(new CustomEvent("obod:point", { detail: row ? placed(row) : null }));
}

/** Open the card of a row on the map; a map that cannot yet is loaded anew with it. */
function open(map, row) {
  map.scrollIntoView({ block: "nearest" });
  const opens = new CustomEvent("obod:open", { detail: placed(row), cancelable: true });
  if (map.dispatchEvent(opens)) {
    const address = new URL(window.location.href);
    address.searchParams.set("plot", row.dataset.plot);
    address.searchParams.delete("at");
    window.location.assign(address);
  }
}

function placed({ dataset }) {
  return { number: Number(dataset.number), at: dataset.at };
}
