// Hatched fills for what is unknown or not evaluated: drawn here, so that no sprite has to be fetched.

const SIDE = 12; // pixels; the pattern repeats after this many
const STROKE = 3; // pixels across one stripe, measured along a row

/** Return a MapLibre image of diagonal stripes in `colour` (#rrggbb) on a nearly white ground. */
export function hatchImage(colour) {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  const data = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const striped = (x + y) % (SIDE / 2) < STROKE;
      data.set(striped ? [red, green, blue, 255] : [250, 250, 250, 200], (y * SIDE + x) * 4);
    }
  }
  return { width: SIDE, height: SIDE, data };
}

/** Give `glMap` every hatch its style asks for; the image's name ends with the colour. */
export function provideHatches(glMap, prefix) {
  glMap.on("styleimagemissing", ({ id }) => {
    if (id.startsWith(prefix) && !glMap.hasImage(id)) {
      glMap.addImage(id, hatchImage(`#${id.slice(prefix.length)}`), { pixelRatio: 2 });
    }
  });
}
