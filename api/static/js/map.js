// The map inside a Folium page: vector tiles drawn by MapLibre under Leaflet's controls, switches and the card.
// Leaflet (`L`) and MapLibre (`maplibregl`) are loaded by the page before this module.

import { openCard } from "./card.js";
import { provideHatches } from "./hatch.js";

const CLICK_TOLERANCE = 4; // pixels around a click within which lines and points count as hit

/** Draw `config.style` in Folium's Leaflet map and make the page around it work. */
export function draw(map, config) {
  const container = map.getContainer();
  container.setAttribute("role", "region");
  container.setAttribute("aria-label", config.messages.map);
  addControls(map, config);

  maplibregl.setWorkerUrl(config.worker);
  const layer = L.maplibreGL({
    style: withOrigin(config.style, config.base),
    attributionControl: { customAttribution: config.attribution },
    canvasContextAttributes: { preserveDrawingBuffer: true }, // so that the map is on paper when the page is printed
  });
  try {
    layer.addTo(map);
  } catch (fault) {
    document.getElementById("map-fault").hidden = false;
    container.dataset.state = "fault";
    return;
  }
  const glMap = layer.getMaplibreMap();
  provideHatches(glMap, config.hatch);
  glMap.on("idle", () => { container.dataset.state = "idle"; });
  map.on("movestart zoomstart", () => { container.dataset.state = "moving"; });
  map.getPane("tilePane").querySelector("canvas").setAttribute("aria-hidden", "true");

  const choose = chooser(map, glMap, config);
  map.on("click", (event) => choose(event.latlng));
  container.addEventListener("keydown", async (event) => {
    if (event.key !== "Enter" || event.target !== container) return;
    await choose(map.getCenter());
    document.getElementById("card-body").focus();
  });
  if (config.chosen) {
    glMap.once("load", () => choose.plot(config.chosen.plot_no, config.chosen.plot_id));
  }
  connectSwitches(glMap, config);
  followView(map, config);
}

/** Tile addresses are paths; the worker that fetches them needs them whole. */
function withOrigin(style, base) {
  const root = new URL(`${base}/`, window.location.origin).href.replace(/\/$/, "");
  const sources = Object.entries(style.sources).map(([name, source]) => [
    name,
    { ...source, tiles: source.tiles.map((path) => root + path) },
  ]);
  return { ...style, sources: Object.fromEntries(sources) };
}

function addControls(map, { messages }) {
  map.attributionControl.setPrefix("Leaflet · MapLibre");
  L.control.zoom({ zoomInTitle: messages.zoom_in, zoomOutTitle: messages.zoom_out }).addTo(map);
  const Scale = L.Control.Scale.extend({
    _updateMetric(longest) {
      const metres = this._getRoundNum(longest);
      const label = metres < 1000 ? `${metres} ${messages.m}` : `${metres / 1000} ${messages.km}`;
      this._updateScale(this._mScale, label, metres / longest);
    },
  });
  new Scale({ imperial: false, position: "bottomright" }).addTo(map);
}

/** Return a function that opens the card of what is drawn at a place. */
function chooser(map, glMap, config) {
  let chosen = null;
  const mark = (id) => {
    const target = (number) => ({ source: "plots", sourceLayer: "plots", id: number });
    if (chosen !== null) glMap.setFeatureState(target(chosen), { chosen: false });
    if (id !== null) glMap.setFeatureState(target(id), { chosen: true });
    chosen = id;
  };
  const unmark = () => {
    if (chosen !== null) mark(null);
    tell({ plot: null });
  };
  const choosePlot = (number, plotId) => {
    mark(number);
    tell({ plot: plotId });
    return openCard(config, { plotId }, unmark);
  };
  const choose = (latlng) => {
    const { x, y } = glMap.project([latlng.lng, latlng.lat]);
    const around = [[x - CLICK_TOLERANCE, y - CLICK_TOLERANCE], [x + CLICK_TOLERANCE, y + CLICK_TOLERANCE]];
    const found = [...glMap.queryRenderedFeatures([x, y]), ...glMap.queryRenderedFeatures(around)]
      .filter((feature) => config.told[feature.source]);
    const feature = found.find((hit) => hit.source === config.layer) ?? found[0];
    if (!feature) return undefined;
    if (feature.source === "plots" && feature.properties.plot_id) {
      return choosePlot(feature.id, feature.properties.plot_id);
    }
    unmark();
    return openCard(config, { feature }, unmark);
  };
  choose.plot = choosePlot;
  return choose;
}

/** Checkboxes switch layers, the select recolours plots, the slider fades them. */
function connectSwitches(glMap, config) {
  const partsOf = (name) => config.style.layers.filter((part) => part.metadata?.obod === name).map((part) => part.id);
  for (const box of document.querySelectorAll("input[data-layer]")) {
    box.addEventListener("change", () => {
      for (const part of partsOf(box.dataset.layer)) {
        glMap.setLayoutProperty(part, "visibility", box.checked ? "visible" : "none");
      }
    });
  }
  const select = document.getElementById("colour");
  select?.addEventListener("change", () => {
    const { colour, known, hatch } = config.colourings[select.value];
    const single = ["has", "plot_id"];
    glMap.setPaintProperty("plots-fill", "fill-color", colour);
    glMap.setFilter("plots-fill", ["all", single, known]);
    glMap.setPaintProperty("plots-hatch", "fill-pattern", hatch);
    glMap.setFilter("plots-hatch", ["all", single, ["!", known]]);
    for (const legend of document.querySelectorAll("[data-legend]")) {
      legend.hidden = legend.dataset.legend !== select.value;
    }
    tell({ colour: select.value === "class" ? null : select.value });
  });
  const fade = document.getElementById("opacity");
  fade?.addEventListener("input", () => {
    for (const part of ["plots-fill", "plots-hatch"]) {
      glMap.setPaintProperty(part, "fill-opacity", Number(fade.value) / 100);
    }
  });
}

/** Keep the address a link to what is seen, and say when single plots are too small to draw. */
function followView(map, config) {
  const hint = document.getElementById("zoom-hint");
  const follow = () => {
    if (hint) hint.hidden = map.getZoom() >= config.single_plots_from;
    const { lat, lng } = map.getCenter();
    tell({ at: `${map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}` });
  };
  map.on("moveend", follow);
  if (hint) hint.hidden = map.getZoom() >= config.single_plots_from;
}

/** Put what changed in this page's address, and tell the page that frames it, if it is ours. */
function tell(change) {
  const address = new URL(window.location.href);
  for (const [key, value] of Object.entries(change)) {
    if (value === null) address.searchParams.delete(key);
    else address.searchParams.set(key, value);
  }
  window.history.replaceState(null, "", address);
  window.frameElement?.dispatchEvent(new CustomEvent("obod:view", { detail: change }));
}
