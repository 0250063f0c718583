// The map inside a Folium page: vector tiles drawn by MapLibre under Leaflet's controls, switches and the card.
// Leaflet (`L`) is loaded by the page before this module, MapLibre (`maplibregl`) when what the map is about is seen.

import { openCard } from "./card.js";
import { addButtons } from "./buttons.js";
import { asAsked, connectLayers } from "./layers.js";
import { fetchAhead, liveMap, replace } from "./live.js";
import { addMeasure } from "./measure.js";
import { isDot, narrowed, within } from "./matches.js";
import { pointOut } from "./point-out.js";
import { chosenCanal, followPeriods, markCanal } from "./periods.js";
import { addPicture } from "./picture.js";
import { onPaper } from "./paper.js";
import { plainLayer } from "./plain.js";
import { markVillage } from "./village.js";
import { fetchTrial, repaint, triedStyle } from "./trial-map.js";

const MARGIN = 40; // pixels between a chosen place and what lies over the map
const CLICK_TOLERANCE = 4; // pixels around a click within which lines and points count as hit
const TILE_PX = 256; // side of a tile as Leaflet counts zooms
const PATIENCE_MS = 5000; // how long the live map waits for the plain one on a slow line

/** Draw `config.style` in Folium's Leaflet map and make the page around it work. */
export async function draw(map, config) {
  map.invalidateSize(); // the page may have been laid out anew meanwhile; the middle stays the middle
  const container = map.getContainer();
  container.setAttribute("role", "region");
  container.setAttribute("aria-label", config.messages.map);
  addControls(map, config);
  openView(map, config);
  markVillage(map, config);

  asAsked(config);
  if (config.matches) {
    try {
      config.style = await narrowed(config);
    } catch {
      container.dataset.state = "fault"; // all plots would read as if all matched
      document.getElementById("map-unfiltered").hidden = false;
      return;
    }
  }
  config.untried = config.style;
  if (config.trial) {
    try {
      await triedBy(config, await fetchTrial(config, config.trial));
    } catch {
      container.dataset.state = "fault"; // the published result would read as the trial
      document.getElementById("map-untried").hidden = false;
      return;
    }
    if (config.colour === "class") config.style = config.tried;
  }
  const whole = withOrigin(config.style, config.base);
  const plain = plainLayer(map, whole, config.layer, config);
  const drawn = plain !== null && (await seen(map, plain, config));
  if (drawn) container.dataset.state = "subject";
  const { style, rest } = plain ? { style: whole, rest: [] } : subjectFirst(whole, config.layer);
  let glMap;
  try {
    glMap = await liveMap(map, style, config, plain !== null);
  } catch {
    container.dataset.state = "fault";
    document.getElementById(drawn ? "map-plain" : "map-fault").hidden = false;
    for (const control of document.querySelectorAll("#panel :is(select, input)")) control.disabled = true;
    return;
  }
  const replaced = plain ? replace(plain, glMap, config.layer) : () => true;
  const drawing = sayWhenDrawn(map, glMap, container, rest, replaced);

  const choose = chooser(map, glMap, config);
  pointOut(map, choose.plot);
  const measured = addMeasure(map, config);
  addPicture(map, glMap, config);
  onPaper(map, glMap, config);
  map.on("click", (event) => measured(event.latlng) || choose(event.latlng));
  // Reached or moved by key, the map shows a crosshair on what Enter would open.
  container.addEventListener("keyup", () => { container.dataset.keys = "used"; });
  container.addEventListener("pointerdown", () => { delete container.dataset.keys; });
  container.addEventListener("keydown", async (event) => {
    if (event.key !== "Enter" || event.target !== container || measured(map.getCenter())) return;
    await choose(map.getCenter());
    document.getElementById("card-body").focus();
  });
  if (config.chosen) {
    glMap.once("load", () => choose.plot(config.chosen, map.getCenter()));
  }
  connectSwitches(glMap, config, drawing);
  followPeriods(glMap, config, { drawing, tell, goTo: (bounds) => fitBeside(map, bounds) });
  if (config.colourings[config.colour]) sayWhatSquaresShow(config, config.colour);
  followView(map, glMap, config);
  followTrial(glMap, config, drawing);
}

/** Remember how the plots look by a trial that was `found`. */
async function triedBy(config, found) {
  config.tried = await triedStyle(config, config.untried, found);
}

/** Recolour plots while other weights are tried on the page around the map; no trial gives the published result back. */
function followTrial(glMap, config, drawing) {
  const note = document.getElementById("trial-note");
  let asked = 0;
  window.frameElement?.addEventListener("obod:trial", async ({ detail }) => {
    asked += 1;
    const mine = asked;
    if (detail) {
      const tried = await triedStyle(config, config.untried, detail);
      if (mine !== asked) return; // a later one is on its way
      config.tried = tried;
      note.querySelector("strong").textContent = detail.told;
    } else {
      config.tried = null;
    }
    note.hidden = !detail;
    drawing();
    const byClass = document.getElementById("colour").value === "class";
    if (byClass) repaint(glMap, config.tried ?? config.untried);
  });
}

/** Add the plain layer and wait until it is on the screen, but not long; tell whether all of it is. */
async function seen(map, plain, config) {
  let faults = 0;
  plain.on("tileerror", () => { faults += 1; });
  plain.on("load", () => hintAtSquares(plain.holds("plots")));
  const there = new Promise((resolve) => { plain.once("load", () => resolve(faults === 0)); });
  plain.addTo(map);
  fetchAhead(config);
  const drawn = await Promise.race([there, new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS, false); })]);
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame); // the second follows its picture
  return drawn;
}

/** Tile addresses are paths below `base`; the worker that fetches them needs them whole. */
function rooted(path, base) {
  return window.location.origin + base + path;
}

function withOrigin(style, base) {
  const sources = Object.entries(style.sources).map(([name, source]) => [
    name,
    source.tiles ? { ...source, tiles: source.tiles.map((path) => rooted(path, base)) } : source,
  ]);
  return { ...style, sources: Object.fromEntries(sources) };
}

/** What the map is about is drawn first; return the style with everything else hidden, and what of that is to follow. */
function subjectFirst(style, subject) {
  const rest = style.layers.filter(
    (part) => part.metadata && part.metadata.obod !== subject && part.layout?.visibility !== "none",
  );
  const layers = style.layers.map(
    (part) => (rest.includes(part) ? { ...part, layout: { ...part.layout, visibility: "none" } } : part),
  );
  return { style: { ...style, layers }, rest };
}

/** Show layers that had to wait, but for those switched off meanwhile. */
function show(glMap, parts) {
  for (const { id, metadata } of parts) {
    const box = document.querySelector(`input[data-layer="${metadata.obod}"]`);
    if (!box || box.checked) glMap.setLayoutProperty(id, "visibility", "visible");
  }
}

/**
 * Say in `data-state` what is drawn, from when the live map has `replaced` the plain one: `subject` once what the map is
 * about is there, whereupon the `rest` follows, `idle` once there is nothing left to draw; return a function that says
 * there is.
 */
function sayWhenDrawn(map, glMap, container, rest, replaced) {
  let moving = false;
  const drawing = () => { container.dataset.state = "drawing"; };
  map.on("movestart zoomstart", () => {
    moving = true;
    drawing();
  });
  map.on("moveend", () => {
    moving = false;
    glMap.triggerRepaint();
  });
  glMap.on("idle", () => {
    if (moving || !replaced()) return;
    container.dataset.state = rest.length ? "subject" : "idle";
    show(glMap, rest.splice(0));
  });
  return drawing;
}

/** Open at the window asked for: beside the legend on a wide screen; on a narrow one the legend is folded away. */
function openView(map, { bounds }) {
  const panel = document.getElementById("panel");
  if (!hasRoomBeside(map, panel)) panel.open = false;
  if (bounds) fitBeside(map, bounds);
}

/** Show a window beside the legend where that is open; of two maps alike, so that both show a place in one spot. */
function fitBeside(map, bounds) {
  const panel = document.getElementById("panel");
  const isOfTwo = window.frameElement?.classList.contains("of-two") && hasRoomBeside(map, panel);
  map.fitBounds(bounds, { paddingBottomRight: [panel.open || isOfTwo ? panel.offsetWidth : 0, 0], animate: false });
}

function hasRoomBeside(map, panel) {
  return map.getSize().x >= 2.5 * panel.offsetWidth;
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
  addButtons(map, messages);
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
  let framed = null;
  const unmark = () => {
    if (chosen !== null) mark(null);
    framed?.remove();
    tell({ plot: null });
  };
  const choosePlot = async (number, place) => {
    framed?.remove();
    mark(number);
    const plot = await openCard(config, { plot: number }, unmark);
    keepInSight(map, place);
    if (plot) tell({ plot });
  };
  const choose = (latlng) => {
    const { x, y } = glMap.project([latlng.lng, latlng.lat]);
    const around = [[x - CLICK_TOLERANCE, y - CLICK_TOLERANCE], [x + CLICK_TOLERANCE, y + CLICK_TOLERANCE]];
    const found = [...glMap.queryRenderedFeatures([x, y]), ...glMap.queryRenderedFeatures(around)]
      .filter((feature) => config.told[feature.source] || isDot(feature));
    const feature = found.find((hit) => hit.source === config.layer) ?? found[0];
    if (!feature) return undefined;
    if (isDot(feature)) return choosePlot(feature.id, latlng);
    const canal = chosenCanal(feature);
    if (canal) {
      markCanal(glMap, canal);
      tell({ canal });
      return undefined;
    }
    if (feature.source !== "plots") {
      unmark();
      return openCard(config, { feature }, unmark);
    }
    if (feature.properties.plots === undefined) return choosePlot(feature.id, latlng);
    unmark();
    framed = frameOf(feature).addTo(map);
    return openCard(config, { square: squareOf(glMap, feature) }, unmark);
  };
  choose.plot = choosePlot;
  return choose;
}

/** Move the map if the card or the legend hides the place the card is about. */
function keepInSight(map, place) {
  const card = document.getElementById("card").getBoundingClientRect();
  const panel = document.getElementById("panel");
  const size = map.getSize();
  const sheet = card.width > size.x / 2; // on a phone the card lies across the foot of the map
  map.panInside(place, {
    paddingTopLeft: sheet ? [MARGIN, MARGIN] : [card.right + MARGIN, MARGIN],
    paddingBottomRight: sheet ? [MARGIN, card.height + MARGIN] : [panel.open ? panel.offsetWidth + MARGIN : MARGIN, MARGIN],
  });
}

/** Return what every class, and every outlook of land that is not settled, has in the `square` a cell belongs to. */
function squareOf(glMap, { properties: { square } }) {
  const filter = ["==", ["get", "square"], square];
  const found = glMap.querySourceFeatures("plots", { sourceLayer: "plots", filter });
  return new Map(found.map(({ properties }) => [properties.outlook ?? properties.class, properties]));
}

/** Return the outline of the `square` a cell belongs to, which is named as the tile that fills it. */
function frameOf({ properties: { square } }) {
  const [zoom, column, row] = square.split("/").map(Number);
  const corner = (x, y) => L.CRS.EPSG3857.pointToLatLng(L.point(x, y).multiplyBy(TILE_PX), zoom);
  const bounds = L.latLngBounds(corner(column, row), corner(column + 1, row + 1));
  return L.rectangle(bounds, { color: "#111111", weight: 2, fill: false, interactive: false });
}

/** The select recolours plots, the slider fades them; layers have switches of their own. */
function connectSwitches(glMap, config, drawing) {
  connectLayers(glMap, config, drawing, (layers) => tell({ layers }));
  const select = document.getElementById("colour");
  select?.addEventListener("change", async () => {
    const way = select.value;
    drawing();
    for (const legend of document.querySelectorAll("[data-legend]")) {
      legend.hidden = legend.dataset.legend !== way;
    }
    tell({ colour: way === "class" ? null : way });
    await recolour(glMap, config, way, () => select.value === way);
    drawing();
  });
  const fade = document.getElementById("opacity");
  fade?.addEventListener("change", () => tell({ opacity: fade.value === fade.defaultValue ? null : fade.value }));
  fade?.addEventListener("input", () => {
    drawing();
    const filled = config.style.layers.filter(({ id, metadata }) => metadata?.obod === "plots" && /-(fill|hatch)$/.test(id));
    for (const { id } of filled) glMap.setPaintProperty(id, "fill-opacity", Number(fade.value) / 100);
  });
}

/**
 * Colour single plots another way. If the tiles have to carry another value they are asked for again, and the colours
 * wait for them: drawn before, every plot would look unknown. `wanted` tells whether it is still asked for by then.
 */
async function recolour(glMap, config, way, wanted) {
  const { tiles, colour, known, unknown, hatch, squares } = config.colourings[way];
  const whole = rooted(tiles, config.base);
  const source = glMap.getSource("plots");
  if (source.tiles[0] !== whole) {
    source.setTiles([whole]);
    await new Promise((drawn) => { glMap.once("idle", drawn); });
    if (!wanted()) return;
  }
  glMap.setPaintProperty("plots-cells-fill", "fill-color", squares.colour);
  glMap.setPaintProperty("plots-cells-hatch", "fill-pattern", squares.hatch);
  sayWhatSquaresShow(config, way);
  if (config.tried) repaint(glMap, way === "class" ? config.tried : config.untried);
  if (config.tried && way === "class") return;
  glMap.setFilter("plots-fill", within(config, known));
  glMap.setPaintProperty("plots-fill", "fill-color", colour);
  glMap.setFilter("plots-hatch", within(config, unknown));
  glMap.setPaintProperty("plots-hatch", "fill-pattern", hatch);
}

/** Keep the address a link to what is seen, and say when squares stand for plots. */
function followView(map, glMap, config) {
  map.on("moveend", () => {
    const { lat, lng } = map.getCenter();
    tell({ at: `${map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}` });
  });
  // A page that shows two maps has one follow the other; what is there already does not move again.
  window.frameElement?.addEventListener("obod:follow", ({ detail }) => {
    const [zoom, lat, lng] = detail.at.split("/").map(Number);
    const there = map.project(map.getCenter(), zoom);
    if (map.getZoom() !== zoom || there.distanceTo(map.project([lat, lng], zoom)) >= 1) {
      map.setView([lat, lng], zoom, { animate: false });
    }
  });
  const cells = config.style.layers.filter((part) => part.id.startsWith("plots-cells")).map((part) => part.id);
  if (cells.length) glMap.on("idle", () => hintAtSquares(glMap.queryRenderedFeatures({ layers: cells }).length > 0));
}

function sayWhatSquaresShow(config, way) {
  for (const said of document.querySelectorAll("#zoom-hint [data-squares]")) {
    said.hidden = (said.dataset.squares === "class") !== config.colourings[way].squaresByClass;
  }
}

function hintAtSquares(seen) {
  const hint = document.getElementById("zoom-hint");
  if (hint) hint.hidden = !seen;
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
