// Which layers are on, how strongly each is painted and which lies over which, as the address of the map says it:
// `layers=canals:60,plots`, the uppermost first.

const NONE = "none"; // stands in the address for no layer at all
const FULL = 100; // per cent of the strength that a layer has of its own
const OPACITIES = {
  circle: ["circle-opacity", "circle-stroke-opacity"],
  fill: ["fill-opacity"],
  line: ["line-opacity"],
  raster: ["raster-opacity"],
  symbol: ["text-opacity"],
};
const strengths = new Map(); // of layers that are not painted at their full strength
let usual = []; // all layers, the uppermost first
let on = []; // those that are on, the uppermost first

/** Have switches, slider and `config.style` be as the address asks, before anything is drawn. */
export function asAsked(config) {
  usual = document.querySelector("#drawn ol").dataset.order.split(",").filter(Boolean);
  const asked = new URLSearchParams(window.location.search);
  const named = asked.get("layers");
  if (named) readLayers(named);
  else on = usual.filter((name) => boxOf(name).checked);
  const strongly = document.getElementById("opacity");
  if (strongly && asked.get("opacity")) strongly.value = asked.get("opacity");
  const layers = config.style.layers.map((part) => {
    const name = part.metadata?.obod;
    const box = name && boxOf(name);
    if (!box) return part;
    const seen = named ? { layout: { ...part.layout, visibility: box.checked ? "visible" : "none" } } : {};
    return { ...part, ...seen, paint: { ...part.paint, ...opacitiesOf(part) } };
  });
  config.painted = new Map(config.style.layers.map((part) => [part.id, part]));
  config.style.layers = isUsual() ? layers : upwards(layers);
}

function readLayers(named) {
  for (const part of named.split(",")) {
    const [name, strength] = part.split(":");
    if (!boxOf(name)) continue; // another reader may see it, or it holds nothing now
    on.push(name);
    if (strength && Number(strength) < FULL) strengths.set(name, Number(strength));
  }
  for (const name of usual) boxOf(name).checked = on.includes(name);
}

/** Work the switches, sliders and buttons of layers; `told` hears what of it the address has to say. */
export function connectLayers(glMap, config, drawing, told) {
  const rows = document.querySelector("#drawn ol");
  const changed = () => {
    drawing();
    told(layersOn());
  };
  for (const name of usual) {
    boxOf(name).addEventListener("change", ({ target }) => {
      if (target.checked) switchOn(name);
      else on = on.filter((other) => other !== name);
      for (const { id } of partsOf(glMap, name)) glMap.setLayoutProperty(id, "visibility", target.checked ? "visible" : "none");
      if (target.checked) stack(glMap);
      listRows();
      changed();
    });
  }
  rows.addEventListener("input", ({ target }) => {
    const name = target.closest("li").dataset.of;
    if (Number(target.value) < FULL) strengths.set(name, Number(target.value));
    else strengths.delete(name);
    target.nextElementSibling.textContent = `${target.value} %`;
    drawing();
    for (const { id } of partsOf(glMap, name)) {
      const own = config.painted.get(id);
      for (const [what, value] of Object.entries(own ? opacitiesOf(own) : {})) glMap.setPaintProperty(id, what, value);
    }
  });
  rows.addEventListener("change", changed);
  rows.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    const { of } = button.closest("li").dataset;
    move(of, Number(button.dataset.step), config.messages);
    stack(glMap);
    listRows();
    focusOn(of, button.dataset.step);
    changed();
  });
  const listRows = () => { rows.replaceChildren(...on.map((name) => rowOf(name, config.messages))); };
  listRows();
  document.getElementById("drawn").open = !isUsual() || strengths.size > 0;
}

/** Return the layers that are on, for the address; null where they are those of a map nobody has changed. */
function layersOn() {
  const asAtFirst = usual.every((name) => boxOf(name).checked === boxOf(name).defaultChecked);
  if (asAtFirst && isUsual() && !strengths.size) return null;
  return on.map((name) => (strengths.has(name) ? `${name}:${strengths.get(name)}` : name)).join() || NONE;
}

/** A layer that is switched on lies where it usually does. */
function switchOn(name) {
  const below = on.findIndex((other) => usual.indexOf(other) > usual.indexOf(name));
  on.splice(below < 0 ? on.length : below, 0, name);
}

function isUsual() {
  return on.every((name, at) => at === 0 || usual.indexOf(on[at - 1]) < usual.indexOf(name));
}

function move(name, step, { placed }) {
  const at = on.indexOf(name);
  const to = Math.min(Math.max(at + step, 0), on.length - 1);
  on.splice(to, 0, ...on.splice(at, 1));
  document.querySelector("#drawn [role=status]").textContent = placed
    .replace("{layer}", titleOf(name)).replace("{place}", to + 1).replace("{count}", on.length);
}

/** Names, the mark of mines and what was chosen stay readable whatever lies over what. */
function isAbove({ id, type }) {
  return type === "symbol" || id.startsWith("plots-mines") || id.startsWith("chosen-");
}

/** Return the parts of a style in the order that was asked for, the lowest first; what is not on stays below. */
function upwards(parts) {
  const rank = ({ metadata }) => (metadata ? on.length - on.indexOf(metadata.obod) : on.length + 2);
  const height = (part) => (rank(part) > on.length ? (part.metadata ? 0 : -1) : rank(part));
  return [...parts].sort((a, b) => isAbove(a) - isAbove(b) || height(a) - height(b));
}

function stack(glMap) {
  let above;
  for (const { id } of upwards(glMap.getStyle().layers).reverse()) {
    glMap.moveLayer(id, above);
    above = id;
  }
}

function partsOf(glMap, name) {
  return glMap.getStyle().layers.filter((part) => part.metadata?.obod === name);
}

/** Return how opaque a part is painted: as it would be, times the strength of its layer; plots have a slider of their own. */
function opacitiesOf(part) {
  const own = document.getElementById("opacity");
  if (own && part.metadata.obod === "plots") {
    return /-(fill|hatch)$/.test(part.id) ? { "fill-opacity": Number(own.value) / 100 } : {};
  }
  if (isAbove(part) && part.type !== "symbol") return {};
  const strength = (strengths.get(part.metadata.obod) ?? FULL) / FULL;
  return Object.fromEntries(OPACITIES[part.type].map((what) => [what, times(part.paint?.[what] ?? 1, strength)]));
}

/** Multiply a value of a style; MapLibre wants a zoom to stand outermost, so that of a ramp its steps are multiplied. */
function times(value, strength) {
  if (typeof value === "number") return value * strength;
  if (value[0] !== "interpolate") return ["*", value, strength];
  return value.map((part, at) => (at > 3 && at % 2 === 0 ? part * strength : part));
}

function rowOf(name, messages) {
  const row = document.querySelector("#drawn template").content.firstElementChild.cloneNode(true);
  const title = titleOf(name);
  const [slider, up, down] = row.querySelectorAll("input, button");
  row.dataset.of = name;
  row.querySelector(".title").textContent = title;
  for (const [control, said] of [[slider, "strength"], [up, "over"], [down, "under"]]) {
    control.setAttribute("aria-label", messages[said].replace("{layer}", title));
  }
  slider.value = strengths.get(name) ?? FULL;
  slider.nextElementSibling.textContent = `${slider.value} %`;
  if (name === "plots" && document.getElementById("opacity")) {
    slider.nextElementSibling.remove();
    slider.remove();
  }
  up.disabled = name === on[0];
  down.disabled = name === on.at(-1);
  return row;
}

/** Stay on the button that was pressed; at an end of the list on the other one. */
function focusOn(name, step) {
  const row = document.querySelector(`#drawn li[data-of="${name}"]`);
  const pressed = row.querySelector(`[data-step="${step}"]`);
  (pressed.disabled ? row.querySelector("button:not(:disabled)") : pressed)?.focus();
}

function titleOf(name) {
  return boxOf(name).closest("label").querySelector("span").textContent;
}

function boxOf(name) {
  return document.querySelector(`input[data-layer="${name}"]`);
}
