// Signs of classes for paper, laid over their colours: S2 and N1 have one grey in a black and white copy, S1 and N2 too.
// Which sign a class has is declared once (`api/maps/paper_signs.py`) and comes with the page.

const PIXELS_PER_MM = 6; // of a tile of a sign; larger than on a drawn sheet, since a browser prints pixels of the screen
const PARTS = ["plots-fill", "plots-hatch", "plots-cells-fill", "plots-cells-hatch"];
const UNJUDGED = "NE";

/** Return what draws signs on plots and on the key; null where colours are not of classes that the tiles tell. */
export function signsOf(glMap, config) {
  const colour = document.getElementById("colour");
  if (!config.signs || colour?.value !== "class" || config.tried) return null;
  return {
    onPlots(pen) {
      for (const [name, path] of pathsBySign(glMap)) fill(pen, config.signs, name, path);
    },
    onSwatch(pen, name, width, height) {
      const path = new Path2D();
      path.rect(0, 0, width, height);
      fill(pen, config.signs, name, path);
    },
  };
}

function fill(pen, { tile, looks }, name, path) {
  const look = looks[name];
  if (!look?.lines) return;
  const side = Math.round(tile * PIXELS_PER_MM);
  const square = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const brush = square.getContext("2d");
  brush.scale(side / tile, side / tile);
  brush.strokeStyle = look.ink;
  brush.lineWidth = look.width;
  brush.lineCap = "round";
  brush.stroke(new Path2D(look.lines));
  pen.fillStyle = pen.createPattern(square, "repeat");
  pen.fill(path);
}

/** Outlines of what is seen of plots and of their squares, in pixels of the map, by the name of the sign. */
function pathsBySign(glMap) {
  const layers = PARTS.filter((id) => glMap.getLayer(id));
  const paths = new Map();
  for (const { geometry, properties } of glMap.queryRenderedFeatures({ layers })) {
    const judged = properties.class;
    const name = judged === UNJUDGED || !properties.outlook ? judged : properties.outlook;
    if (!paths.has(name)) paths.set(name, new Path2D());
    for (const polygon of geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates) {
      for (const ring of polygon) trace(paths.get(name), ring.map((place) => glMap.project(place)));
    }
  }
  return paths;
}

function trace(path, corners) {
  corners.forEach(({ x, y }, at) => { if (at) path.lineTo(x, y); else path.moveTo(x, y); });
  path.closePath();
}
