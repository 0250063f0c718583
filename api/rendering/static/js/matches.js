// The plots that filters leave: of the tiles that everybody gets only these are filled, and from afar each is a dot.

const UNITS_PER_DEGREE = 100000;
export const POINTS = "matches"; // source of the dots
const DEEPEST_DOTS = 15; // zoom (MapLibre) from which every plot is large enough to be seen
export const NEVER = ["literal", false];

/** Return `config.style` with only the plots at `config.matches` filled; remember in `config.within` which these are. */
export async function narrowed(config) {
  const found = await placesOf(config);
  const numbers = summed(found.plot_no);
  config.within = numbers.length ? ["match", ["id"], numbers, true, false] : NEVER;
  const layers = config.style.layers.map((part) => {
    if (part.id.startsWith("plots-cells")) return { ...part, filter: NEVER };
    return /^plots-(fill|hatch)$/.test(part.id) ? { ...part, filter: within(config, part.filter) } : part;
  });
  return withDots(config, { ...config.style, layers }, found, (number, look) => look);
}

/** Return where the plots of the page lie, asked for once. */
export async function placesOf(config) {
  config.found ??= fetchPlaces(config);
  try {
    return await config.found;
  } catch (fault) {
    config.found = null; // the next who asks tries again
    throw fault;
  }
}

async function fetchPlaces({ base, places }) {
  const answer = await fetch(base + places);
  if (!answer.ok) throw new Error(`${places}: ${answer.status}`);
  return answer.json();
}

/** Return `style` with a dot for each plot found, in the look that `lookOf` its number and its published look is. */
export function withDots(config, style, found, lookOf) {
  const layers = style.layers.filter(({ source }) => source !== POINTS);
  const below = layers.findIndex((part) => part.id.startsWith("plots-"));
  layers.splice(below, 0, dots(config.looks));
  const sources = { ...style.sources, [POINTS]: { type: "geojson", data: places(found, lookOf) } };
  return { ...style, sources, layers };
}

/** Return a filter that holds for what `filter` holds for, of the plots that filters of the page leave. */
export function within(config, filter) {
  return config.within ? ["all", filter, config.within] : filter;
}

/** Tell whether a feature on the map is the dot of a plot. */
export function isDot({ source }) {
  return source === POINTS;
}

/** Return the values that steps lead to. */
export function summed(steps) {
  let reached = 0;
  return steps.map((step) => { reached += step; return reached; });
}

function places({ plot_no: steps, longitude, latitude, look, looks }, lookOf) {
  const numbers = summed(steps);
  const [x, y] = [summed(longitude), summed(latitude)];
  const features = numbers.map((id, at) => ({
    type: "Feature",
    id,
    properties: { look: lookOf(id, looks[look[at]]) },
    geometry: { type: "Point", coordinates: [x[at] / UNITS_PER_DEGREE, y[at] / UNITS_PER_DEGREE] },
  }));
  return { type: "FeatureCollection", features };
}

/** Dots in the colours of classes; land that is not settled or not evaluated has an edge, as a dot cannot be hatched. */
function dots(looks) {
  const matched = (of) => ["match", ["get", "look"], ...Object.entries(looks).flatMap(([code, look]) => [code, look[of]]), "#767676"];
  return {
    id: "plots-dots",
    type: "circle",
    source: POINTS,
    maxzoom: DEEPEST_DOTS,
    metadata: { obod: "plots" },
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 2, 14, 4],
      "circle-color": matched("colour"),
      "circle-stroke-color": matched("edge"),
      "circle-stroke-width": 0.8,
    },
  };
}
