// The card of what was clicked. A plot's card is made by the service; what is in a tile is laid out here.

let latest = 0; // number of the card last asked for, so that a slow answer cannot replace a newer one

/** Open the card of a `plot` (its number), a `square` of the far view or another `feature`; return the plot's id. */
export async function openCard(config, { plot, square, feature }, onClose) {
  const panel = document.getElementById("card");
  const body = document.getElementById("card-body");
  const close = () => {
    panel.hidden = true;
    onClose();
  };
  document.getElementById("card-close").onclick = close;
  panel.onkeydown = (event) => { if (event.key === "Escape") close(); };
  latest += 1;
  const mine = latest;
  panel.hidden = false;
  panel.setAttribute("aria-busy", "true");
  if (plot) {
    const html = await fetchCard(config, plot);
    if (mine !== latest) return null;
    body.innerHTML = html;
  } else {
    body.replaceChildren(...(square ? squareCard(config, square) : featureCard(config, feature)));
  }
  panel.setAttribute("aria-busy", "false");
  return body.querySelector("[data-plot]")?.dataset.plot ?? null;
}

async function fetchCard(config, number) {
  try {
    const asked = new URLSearchParams(config.result);
    asked.set("lang", config.lang);
    const answer = await fetch(`${config.base}/maps/plots/${number}/card?${asked}`);
    if (answer.ok) return await answer.text();
  } catch {
    // No answer at all is told like a refusal: the reader can only try again.
  }
  return element("p", config.messages.no_card).outerHTML;
}

/** What a square of the far view holds: hectares and plots by class. */
function squareCard(config, square) {
  const { messages } = config;
  const rows = config.classes
    .filter(({ value }) => square.has(value))
    .map(({ value, label }) => {
      const held = square.get(value);
      return [label, `${numeral(config, held.area_ha)} ${messages.ha} · ${messages.plots}: ${numeral(config, held.plots)}`];
    });
  const hint = element("p", messages.zoom_hint);
  hint.className = "hint";
  return [element("h2", messages.cell), listOf(rows), hint];
}

/** Attributes of a feature of any other layer, in the order they were declared. */
function featureCard(config, feature) {
  const told = config.told[feature.source];
  const rows = told.attributes
    .filter(({ name }) => feature.properties[name] !== undefined && feature.properties[name] !== "")
    .map(({ name, title, unit, codes }) => {
      const value = feature.properties[name];
      const text = codes[value] ?? (typeof value === "number" ? numeral(config, value) : String(value));
      return [title, unit ? `${text} ${unit}` : text];
    });
  return [element("h2", told.title), listOf(rows)];
}

function listOf(rows) {
  const list = document.createElement("dl");
  for (const [term, text] of rows) list.append(element("dt", term), element("dd", text));
  return list;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function numeral(config, value) {
  return new Intl.NumberFormat(config.numerals, { maximumFractionDigits: 2 }).format(value);
}
