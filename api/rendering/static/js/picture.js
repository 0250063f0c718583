// The map as a picture to take away, made here and sent to nobody: never without what it is of, its key, scale, north,
// sources, and the words that boundaries are not official and that data are made up, where they are.

import { addButton } from "./buttons.js";

const SHEET = "M3 2h7l3 3v9H3zM6 9l2 2 2-2M8 6v5";
const EDGE = 16; // pixels around everything
const LINE_HEIGHT = 20; // pixels
const FONT = "14px sans-serif";
const BOLD = "bold 16px sans-serif";
const NARROWEST = 700; // pixels of a sheet, so that the key of a telephone's map stands in columns
const COLUMN = 260; // pixels of a column of the key, at least
const SWATCH_SIZE = [22, 14]; // pixels
const SWATCH = 30; // pixels to the text of an entry
const FILE = "obod-map.png";

/** Add the button that saves a picture of what is seen. */
export function addPicture(map, glMap, { messages }) {
  addButton(map, SHEET, messages.picture, async () => {
    if (map.getContainer().dataset.state !== "idle") await new Promise((drawn) => { glMap.once("idle", drawn); });
    compose(map, glMap, null).toBlob((blob) => {
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: FILE });
      link.click();
      URL.revokeObjectURL(link.href);
    });
  });
}

/** Return a canvas with the map and all that is said of it; `signs`, where there are any, lie over its colours. */
export function compose(map, glMap, signs) {
  const { x: width, y: height } = map.getSize();
  const sheet = document.createElement("canvas");
  const pen = sheet.getContext("2d");
  const room = Math.max(width, signs ? NARROWEST : COLUMN + 2 * EDGE) - 2 * EDGE;
  const heads = wrapped(pen, heading(), BOLD, room);
  const key = keyOf(pen, room, signs);
  const foot = footing().flatMap((text) => wrapped(pen, text, FONT, room));
  const top = EDGE + LINE_HEIGHT * heads.length + EDGE / 2;
  const drawn = glMap.getCanvas().getBoundingClientRect(); // larger than the map, so that a shifted map is not bare
  const ratio = glMap.getCanvas().width / drawn.width;
  sheet.width = (room + 2 * EDGE) * ratio;
  sheet.height = (top + height + EDGE + key.height + LINE_HEIGHT * foot.length + EDGE) * ratio;
  pen.scale(ratio, ratio);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, sheet.width, sheet.height);
  write(pen, heads, BOLD, EDGE, EDGE);
  pen.save();
  pen.translate(0, top);
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.clip();
  pen.save();
  const frame = map.getContainer().getBoundingClientRect();
  pen.translate(drawn.left - frame.left, drawn.top - frame.top);
  pen.drawImage(glMap.getCanvas(), 0, 0, drawn.width, drawn.height);
  signs?.onPlots(pen);
  pen.restore();
  overlay(pen, map);
  northAndScale(pen, width, height);
  pen.restore();
  key.draw(top + height + EDGE);
  write(pen, foot, FONT, EDGE, top + height + EDGE + key.height);
  return sheet;
}

/** What the picture is of, what plots are coloured by, which weights were tried, and that data are made up. */
function heading() {
  const coloured = document.querySelector("#colour option:checked");
  const told = [document.title, ...(coloured ? [textOf(coloured)] : [])];
  const trial = document.getElementById("trial-note");
  if (!trial.hidden) told.push(textOf(trial));
  const madeUp = document.querySelector("body > .synthetic");
  if (madeUp) told.push(`${textOf(madeUp)}. ${madeUp.title}`);
  return told.join("\n");
}

/** What was measured, what squares stand for, that boundaries are not official, and where each layer is from. */
function footing() {
  const squares = document.querySelector("#zoom-hint:not([hidden]) [data-squares]:not([hidden])");
  const sources = layersOn().flatMap(({ title, row }) => [...row.querySelectorAll(".of-layer p")].slice(0, -1).map((said) => `${title}: ${textOf(said)}`));
  const told = [document.querySelector("#measure:not([hidden]) #measured"), squares].filter(Boolean).map(textOf);
  return [...told, textOf(document.getElementById("not-official")), sources.join("; ")];
}

/** Layers that are on: title and the row of the switch. */
function layersOn() {
  return [...document.querySelectorAll("input[data-layer]:checked")].map((box) => ({
    title: textOf(box.closest("label").querySelector("span")),
    row: box.closest(".switch"),
  }));
}

/** Every colour that is on the map with what it stands for, in columns; `draw` puts it on the sheet. */
function keyOf(pen, room, signs) {
  const ofSubject = [...document.querySelectorAll(".panel-body > .legend li, [data-legend]:not([hidden]) .legend li")];
  const entries = ofSubject.map((item) => [item.querySelector("svg"), textOf(item), item.dataset.value]);
  for (const { title, row } of layersOn()) {
    const single = row.querySelector("label svg");
    if (single) entries.push([single, title]);
    else for (const item of row.querySelectorAll(".legend li")) entries.push([item.querySelector("svg"), `${title}: ${textOf(item)}`]);
  }
  const columns = Math.max(1, Math.floor(room / COLUMN));
  const wide = room / columns;
  const told = entries.map(([swatch, text, value]) => ({ swatch, value, lines: wrapped(pen, text, FONT, wide - SWATCH - EDGE) }));
  const total = told.reduce((sum, { lines }) => sum + lines.length, 0);
  const tall = Math.max(Math.ceil(total / columns), ...told.map(({ lines }) => lines.length));
  let [column, row] = [0, 0];
  const placed = told.map((entry) => {
    if (row > 0 && row + entry.lines.length > tall + 1 && column < columns - 1) [column, row] = [column + 1, 0];
    const here = { ...entry, x: EDGE + column * wide, y: row * LINE_HEIGHT };
    row += entry.lines.length;
    return here;
  });
  const height = Math.max(0, ...placed.map(({ y, lines }) => y + lines.length * LINE_HEIGHT)) + EDGE / 2;
  const draw = (top) => {
    for (const { swatch, value, lines, x, y } of placed) {
      if (swatch) paint(pen, swatch, signs && value, { x, y: top + y + 1, signs });
      write(pen, lines, FONT, x + SWATCH, top + y);
    }
  };
  return { height, draw };
}

/** Paint the shapes of a swatch as the screen has them, and the sign of what it stands for. */
function paint(pen, swatch, value, { x, y, signs }) {
  pen.save();
  pen.translate(x, y);
  for (const shape of swatch.querySelectorAll(":is(rect, path, line, circle):not(.on-paper)")) {
    const style = window.getComputedStyle(shape);
    const path = new Path2D(shape.getAttribute("d") ?? undefined);
    const [left, up, wide, tall] = ["x", "y", "width", "height"].map((name) => Number(shape.getAttribute(name)));
    if (shape.tagName === "rect") path.rect(left, up, wide, tall);
    if (style.fill !== "none" && shape.tagName === "rect") {
      pen.fillStyle = style.fill;
      pen.fill(path);
    }
    if (style.stroke !== "none") {
      pen.strokeStyle = style.stroke;
      pen.lineWidth = parseFloat(style.strokeWidth);
      pen.stroke(path);
    }
  }
  if (value) signs.onSwatch(pen, value, ...SWATCH_SIZE);
  pen.restore();
}

/** What lies over the map: measured lines, rings, the village that was looked for; never where the reader stands. */
function overlay(pen, map) {
  const { x, y } = map.layerPointToContainerPoint([0, 0]);
  pen.save();
  pen.translate(x, y);
  for (const line of map.getPane("overlayPane").querySelectorAll("path:not(.here)")) {
    const path = new Path2D(line.getAttribute("d"));
    pen.globalAlpha = Number(line.getAttribute("fill-opacity") ?? 1);
    pen.fillStyle = line.getAttribute("fill");
    if (line.getAttribute("fill") !== "none") pen.fill(path);
    pen.globalAlpha = 1;
    pen.strokeStyle = line.getAttribute("stroke");
    pen.lineWidth = Number(line.getAttribute("stroke-width"));
    pen.setLineDash((line.getAttribute("stroke-dasharray") ?? "").split(/[ ,]+/).filter(Boolean).map(Number));
    pen.stroke(path);
  }
  pen.restore();
  const frame = map.getContainer().getBoundingClientRect();
  for (const name of document.querySelectorAll(".village")) {
    const { left, top } = name.getBoundingClientRect();
    label(pen, textOf(name), left - frame.left, top - frame.top, frame.width);
  }
}

function northAndScale(pen, width, height) {
  label(pen, textOf(document.querySelector(".north")), EDGE / 2, EDGE / 2);
  const bar = document.querySelector(".leaflet-control-scale-line");
  const [left, low] = [width - bar.offsetWidth - 2 * EDGE, height - 2 * EDGE];
  label(pen, textOf(bar), left, low - LINE_HEIGHT - 6);
  pen.fillStyle = "#ffffff";
  pen.fillRect(left - 2, low - 2, bar.offsetWidth + 4, 9);
  pen.fillStyle = "#111111";
  pen.fillRect(left, low, bar.offsetWidth, 5);
}

/** Write on a white ground, within a map that is so wide. */
function label(pen, text, x, y, wide = Infinity) {
  pen.font = BOLD;
  pen.fillStyle = "#ffffff";
  const own = pen.measureText(text).width + 10;
  const left = Math.max(0, Math.min(x, wide - own));
  pen.fillRect(left, y, own, LINE_HEIGHT + 2);
  write(pen, [text], BOLD, left + 5, y + 2);
}

function write(pen, lines, font, x, y) {
  pen.font = font;
  pen.fillStyle = "#111111";
  pen.textBaseline = "top";
  lines.forEach((line, at) => pen.fillText(line, x, y + at * LINE_HEIGHT));
}

/** Break a text into lines that are no wider than there is room. */
function wrapped(pen, text, font, room) {
  pen.font = font;
  return text.split("\n").flatMap((part) => part.split(" ").reduce((lines, word) => {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && pen.measureText(longer).width > room) lines.push(word);
    else lines.splice(-1, 1, longer);
    return lines;
  }, []));
}

function textOf(element) {
  return element.textContent.replace(/\s+/g, " ").trim();
}
