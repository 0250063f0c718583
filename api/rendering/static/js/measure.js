// How long a line and how large an area on the map is, on the ellipsoid of WGS 84, by mouse and by key.
// GeographicLib (`geodesic`) is loaded when somebody begins to measure.

import { addButton } from "./buttons.js";
import { loaded } from "./live.js";

const RULER = "M2 11 11 2l3 3-9 9zM5 8l1.5 1.5M7.5 5.5 9 7M10 3l1.5 1.5";
const LINE = { color: "#111111", weight: 3, dashArray: "6 4", fillColor: "#ffffff", fillOpacity: 0.35, interactive: false };
const POINT = { radius: 5, color: "#ffffff", weight: 2, fillColor: "#111111", fillOpacity: 1, interactive: false };
const SQUARE_METRES = { ha: 10000, sotikh: 100 };

/** Add the button that begins to measure; return a function that takes a place, or tells that nobody measures. */
export function addMeasure(map, config) {
  const panel = document.getElementById("measure");
  const said = document.getElementById("measured");
  const drawn = L.layerGroup().addTo(map);
  let points = null; // while somebody measures
  let grain = 0; // metres that a pixel of the map is, at the coarsest a point was set with

  const show = () => {
    drawn.clearLayers();
    if (points.length > 1) drawn.addLayer((points.length > 2 ? L.polygon : L.polyline)(points, LINE));
    for (const point of points) drawn.addLayer(L.circleMarker(point, POINT));
    said.textContent = points.length > 1 ? tell(points, grain, config) : config.messages.measure_how;
  };
  const restart = () => {
    points = [];
    grain = 0;
    show();
  };
  const end = () => {
    points = null;
    drawn.clearLayers();
    panel.hidden = true;
    map.doubleClickZoom.enable();
    button.setAttribute("aria-pressed", "false");
    button.focus();
  };
  const begin = async () => {
    if (points) {
      end();
      return;
    }
    panel.hidden = false;
    try {
      if (!window.geodesic) await loaded(config.measure);
    } catch {
      said.textContent = config.messages.no_card;
      return;
    }
    button.setAttribute("aria-pressed", "true");
    map.doubleClickZoom.disable();
    restart();
    map.getContainer().focus();
  };
  const button = addButton(map, RULER, config.messages.measure, begin);
  button.setAttribute("aria-pressed", "false");
  const back = () => {
    points.pop();
    show();
  };
  document.getElementById("measure-back").addEventListener("click", back);
  document.getElementById("measure-anew").addEventListener("click", restart);
  document.getElementById("measure-end").addEventListener("click", end);
  document.addEventListener("keydown", (event) => {
    if (!points) return;
    if (event.key === "Escape") end();
    else if (event.key === "Backspace" && event.target === map.getContainer()) back();
    else return;
    event.preventDefault();
  });
  return (place) => {
    if (!points) return false;
    points.push(place);
    grain = Math.max(grain, pixelOf(map));
    show();
    return true;
  };
}

/** Metres that a pixel in the middle of the map is. */
function pixelOf(map) {
  const middle = map.getSize().divideBy(2);
  return map.distance(map.containerPointToLatLng(middle), map.containerPointToLatLng(middle.add([1, 0])));
}

function tell(points, grain, { messages, numerals }) {
  const length = (metres) => (metres < 1000
    ? `${decimal(metres, 0, numerals)} ${messages.m}`
    : `${decimal(metres / 1000, metres < 10000 ? 2 : 1, numerals)} ${messages.km}`);
  const parts = [messages.measured_line.replace("{length}", length(alongLine(points)))];
  if (points.length > 2) {
    if (crosses(points)) {
      parts.push(messages.measured_crosses);
    } else {
      const { area, perimeter } = within(points);
      const [ha, sotikh] = ["ha", "sotikh"].map((unit) => area / SQUARE_METRES[unit]);
      parts.push(messages.measured_area
        .replace("{ha}", decimal(ha, ha < 100 ? 2 : 0, numerals))
        .replace("{sotikh}", decimal(sotikh, sotikh < 100 ? 1 : 0, numerals))
        .replace("{length}", length(perimeter)));
    }
  }
  parts.push(messages.measured_grain.replace("{length}", grain < 1 ? `< 1 ${messages.m}` : length(grain)));
  return parts.join(" ");
}

function decimal(value, digits, numerals) {
  return value.toLocaleString(numerals, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Length of a line in metres. */
export function alongLine(points) {
  const { WGS84 } = window.geodesic.Geodesic;
  return points.slice(1).reduce((sum, { lat, lng }, at) => sum + WGS84.Inverse(points[at].lat, points[at].lng, lat, lng).s12, 0);
}

/** Area in square metres and length of the outline in metres of what a closed line encloses. */
export function within(points) {
  const outline = window.geodesic.Geodesic.WGS84.Polygon(false);
  for (const { lat, lng } of points) outline.AddPoint(lat, lng);
  const { area, perimeter } = outline.Compute(false, true);
  return { area: Math.abs(area), perimeter };
}

/** Tell whether two sides of a closed line cross. */
export function crosses(points) {
  const count = points.length;
  const turn = (a, b, c) => Math.sign((b.lng - a.lng) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lng - a.lng));
  for (let one = 0; one < count; one += 1) {
    for (let other = one + 2; other < count; other += 1) {
      if (one === 0 && other === count - 1) continue; // these two meet at the first point
      const [a, b, c, d] = [one, one + 1, other, (other + 1) % count].map((at) => points[at]);
      if (turn(a, b, c) !== turn(a, b, d) && turn(c, d, a) !== turn(c, d, b)) return true;
    }
  }
  return false;
}
