// Other weights on the map: each plot in the colour it would have. Tiles stay those of everybody; numbers say which plot
// is which, and squares of the far view, which hold the published result, give way to a dot for each plot.

import { NEVER, placesOf, POINTS, summed, withDots } from "./matches.js";

const FILLS = { "plots-fill": "fill-color", "plots-hatch": "fill-pattern" };

/** Return the answer of the service to the trial at `address`. */
export async function fetchTrial(config, address) {
  const answer = await fetch(config.base + address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

/** Return `style` with the plots in the colours of a trial; where others are coloured by something else, as it is. */
export async function triedStyle(config, style, found) {
  const places = await placesOf(config);
  const lookOf = new Map(summed(found.plot_no).map((number, at) => [number, found.looks[found.look[at]]]));
  const numbers = new Map(); // look -> numbers of plots
  for (const [number, look] of lookOf) {
    if (!numbers.has(look)) numbers.set(look, []);
    numbers.get(look).push(number);
  }
  return restyled(config, style, { places, lookOf, numbers });
}

function restyled(config, style, { places, lookOf, numbers }) {
  const single = config.colourings.class.known[1];
  const hatched = (wanted) => [...numbers].filter(([look]) => (config.looks[look].hatch !== null) === wanted);
  const paint = (wanted, of, otherwise) => {
    const pairs = hatched(wanted).flatMap(([look, held]) => [held, config.looks[look][of]]);
    return pairs.length ? ["match", ["id"], ...pairs, otherwise] : otherwise;
  };
  const filter = (wanted) => {
    const held = hatched(wanted).flatMap(([, found]) => found);
    return held.length ? ["all", single, ["match", ["id"], held, true, false]] : NEVER;
  };
  const hatch = config.looks.NE.hatch;
  const drawn = {
    "plots-fill": { filter: filter(false), colour: paint(false, "colour", "#767676") },
    "plots-hatch": { filter: filter(true), colour: paint(true, "hatch", hatch) },
  };
  const layers = style.layers.map((part) => {
    if (part.id.startsWith("plots-cells")) return { ...part, filter: NEVER };
    const { filter: which, colour } = drawn[part.id] ?? {};
    return which ? { ...part, filter: which, paint: { ...part.paint, [FILLS[part.id]]: colour } } : part;
  });
  return withDots(config, { ...style, layers }, places, (number, published) => lookOf.get(number) ?? published);
}

/** Paint the plots of a live map as `style` has them; dots come and go with it. */
export function repaint(glMap, style) {
  for (const part of style.layers) {
    if (!part.id.startsWith("plots-cells") && !FILLS[part.id]) continue;
    glMap.setFilter(part.id, part.filter ?? null);
    if (FILLS[part.id]) glMap.setPaintProperty(part.id, FILLS[part.id], part.paint[FILLS[part.id]]);
  }
  const dots = style.layers.find(({ source }) => source === POINTS);
  const data = style.sources[POINTS]?.data;
  if (!dots) {
    if (glMap.getLayer("plots-dots")) glMap.removeLayer("plots-dots");
    if (glMap.getSource(POINTS)) glMap.removeSource(POINTS);
  } else if (glMap.getSource(POINTS)) {
    glMap.getSource(POINTS).setData(data);
  } else {
    glMap.addSource(POINTS, style.sources[POINTS]);
    glMap.addLayer(dots, style.layers[style.layers.indexOf(dots) + 1].id);
  }
}
