// The card of what was clicked. A plot's card is made by the service; what is in a tile is laid out here.

let latest = 0; // number of the card last asked for, so that a slow answer cannot replace a newer one

/** Open the card of a plot (`plotId`) or of a `feature` from a tile; `onClose` is called when it is closed. */
export async function openCard(config, { plotId, feature }, onClose) {
  const panel = document.getElementById("card");
  const body = document.getElementById("card-body");
  const close = () => {
    panel.hidden = true;
    onClose();
  };
  document.getElementById("card-close").onclick = close;
  panel.onkeydown = (event) => { if (event.key === "Escape") close(); };
  latest += 1;
  panel.hidden = false;
  panel.setAttribute("aria-busy", "true");
  if (plotId) {
    const mine = latest;
    const html = await fetchCard(config, plotId);
    if (mine !== latest) return;
    body.innerHTML = html;
  } else {
    body.replaceChildren(...(feature.properties.plots ? cellCard(config, feature) : featureCard(config, feature)));
  }
  panel.setAttribute("aria-busy", "false");
  panel.dataset.plot = plotId ?? "";
}

async function fetchCard(config, plotId) {
  const address = `${config.base}/plots/${encodeURIComponent(plotId)}/card?lang=${config.lang}`;
  try {
    const answer = await fetch(address);
    if (answer.ok) return await answer.text();
  } catch {
    // No answer at all is told like a refusal: the reader can only try again.
  }
  const paragraph = document.createElement("p");
  paragraph.textContent = config.messages.no_card;
  return paragraph.outerHTML;
}

/** What a square of the far view holds: hectares by class. */
function cellCard(config, feature) {
  const rows = config.classes
    .map(({ value, label }) => [label, Number(feature.properties[`${value}_ha`] ?? 0)])
    .filter(([, hectares]) => hectares > 0)
    .map(([label, hectares]) => [label, `${numeral(config, hectares)} ${config.messages.ha}`]);
  const hint = element("p", config.messages.zoom_hint);
  hint.className = "hint";
  return [element("h2", config.messages.cell), listOf(rows), hint];
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
