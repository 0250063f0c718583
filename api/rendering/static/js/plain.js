// What the map is about, drawn without WebGL from the very tiles and style of the live map: there while the library
// that draws everything is still on its way, and all there is where a browser cannot run it. Leaflet (`L`) is loaded.

import { evaluate } from "./expression.js";
import { hatchImage } from "./hatch.js";
import { featuresOf, POLYGON } from "./vector-tile.js";

const SIDE = 512; // pixels of a tile's side; its zoom is one less than Leaflet's, which counts in tiles of 256
const HATCH_RATIO = 2; // pixels of a hatch for one on the map

/** Return a layer for `map` with the areas and lines of source `name` in `style`; null if none are seen at its zoom. */
export function plainLayer(map, style, name, { attribution, hatch }) {
  const source = style.sources[name];
  const parts = style.layers.filter((part) => part.source === name && part.layout?.visibility !== "none");
  const drawn = parts.filter(({ type }) => type === "fill" || type === "line");
  if (!drawn.length || map.getZoom() <= source.minzoom) return null;
  const Plain = L.GridLayer.extend({
    held: new Set(), // zoom and name of every property that occurred
    /** Tell whether a feature seen at this zoom has a property. */
    holds(property) {
      return this.held.has(`${map.getZoom()} ${property}`);
    },
    createTile(coords, done) {
      const tile = document.createElement("canvas");
      const zoom = map.getZoom() - 1;
      const address = source.tiles[0].replace("{z}", coords.z - 1).replace("{x}", coords.x).replace("{y}", coords.y);
      readTile(address, name)
        .then((features) => {
          for (const { properties } of features) {
            for (const property of Object.keys(properties)) this.held.add(`${zoom + 1} ${property}`);
          }
          paint(tile, features, drawn, { zoom, hatch });
        })
        .then(() => done(null, tile), (fault) => done(fault, tile));
      return tile;
    },
  });
  const zooms = { minZoom: source.minzoom + 1, maxNativeZoom: source.maxzoom + 1 };
  return new Plain({ tileSize: SIDE, attribution, ...zooms });
}

async function readTile(address, name) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return featuresOf(new Uint8Array(await answer.arrayBuffer()), name);
}

/** Paint the parts of a style one over the other; what looks the same is one path, so that neighbours leave no seam. */
function paint(tile, features, parts, { zoom, hatch }) {
  const ratio = window.devicePixelRatio;
  tile.width = SIDE * ratio;
  tile.height = SIDE * ratio;
  const pen = tile.getContext("2d");
  pen.scale(ratio, ratio);
  for (const part of parts.filter((one) => one.paint[`${one.type}-opacity`] !== 0)) {
    const paths = new Map();
    for (const feature of features) {
      const context = { id: feature.id, properties: feature.properties, zoom };
      if (part.type === "fill" && feature.type !== POLYGON) continue;
      if (part.filter && !evaluate(part.filter, context)) continue;
      const [look, opacity, width] = ["color", "opacity", "width"]
        .map((what) => evaluate(part.paint[`${part.type}-${what}`] ?? 1, context));
      const worn = part.paint["fill-pattern"] ? evaluate(part.paint["fill-pattern"], context) : look;
      const key = [worn, opacity, width].join();
      if (!paths.has(key)) paths.set(key, { path: new Path2D(), worn, opacity, width });
      feature.trace(paths.get(key).path, SIDE);
    }
    for (const { path, worn, opacity, width } of paths.values()) {
      pen.globalAlpha = opacity;
      if (part.type === "fill") {
        pen.fillStyle = worn.startsWith(hatch) ? hatched(pen, worn.slice(hatch.length)) : worn;
        pen.fill(path);
      } else if (width > 0) {
        pen.strokeStyle = worn;
        pen.lineWidth = width;
        pen.setLineDash((part.paint["line-dasharray"] ?? []).map((length) => length * width));
        pen.stroke(path);
      }
    }
  }
}

function hatched(pen, look) {
  const { width, height, data } = hatchImage(look);
  const image = Object.assign(document.createElement("canvas"), { width, height });
  image.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  const pattern = pen.createPattern(image, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / HATCH_RATIO));
  return pattern;
}
