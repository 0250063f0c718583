// The plots that filters leave: of the tiles that everybody gets only these are filled, and from afar each is a dot.

const UNITS_PER_DEGREE = 100000;
const POINTS = "matches"; // source of the dots
const DEEPEST_DOTS = 15; // zoom (MapLibre) from which every plot is large enough to be seen
const NEVER = ["literal", false];

/** Return `config.style` with only the plots at `config.matches` filled; remember in `config.within` which these are. */
export async function narrowed(config) {
  const answer = await fetch(config.base + config.matches);
  if (!answer.ok) throw new Error(`${config.matches}: ${answer.status}`);
  const found = await answer.json();
  const numbers = summed(found.plot_no);
  config.within = numbers.length ? ["match", ["id"], numbers, true, false] : NEVER;
  const layers = config.style.layers.map((part) => {
    if (part.id.startsWith("plots-cells")) return { ...part, filter: NEVER };
    return /^plots-(fill|hatch)$/.test(part.id) ? { ...part, filter: within(config, part.filter) } : part;
  });
  const below = layers.findIndex((part) => part.id.startsWith("plots-"));
  layers.splice(below, 0, dots(config.looks));
  const sources = { ...config.style.sources, [POINTS]: { type: "geojson", data: places(found, numbers) } };
  return { ...config.style, sources, layers };
}

/** Return a filter that holds for what `filter` holds for, of the plots that filters of the page leave. */
export function within(config, filter) {
  return config.within ? ["all", filter, config.within] : filter;
}

/** Tell whether a feature on the map is the dot of a plot. */
export function isDot({ source }) {
  return source === POINTS;
}

function summed(steps) {
  let reached = 0;
  return steps.map((step) => { reached += step; return reached; });
}

function places({ longitude, latitude, look, looks }, numbers) {
  const [x, y] = [summed(longitude), summed(latitude)];
  const features = numbers.map((id, at) => ({
    type: "Feature",
    id,
    properties: { look: looks[look[at]] },
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
