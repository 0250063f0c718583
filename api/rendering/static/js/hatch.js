// Hatched fills for what is unknown, not evaluated or not settled: drawn here, so that no sprite has to be fetched.

const SIDE = 12; // pixels; the pattern repeats after this many
const STROKE = 3; // pixels across one stripe, measured along a row

const PAPER = [250, 250, 250, 200]; // nearly white: the ground where none is named

/** Return a MapLibre image of diagonal stripes by the name of a `look`: rrggbb, or rrggbb-rrggbb, stripes on a ground. */
export function hatchImage(look) {
  const [stripe, ground] = look.split("-").map((colour) => [0, 2, 4].map((at) => parseInt(colour.slice(at, at + 2), 16)));
  const under = ground ? [...ground, 255] : PAPER;
  const data = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const striped = (x + y) % (SIDE / 2) < STROKE;
      data.set(striped ? [...stripe, 255] : under, (y * SIDE + x) * 4);
    }
  }
  return { width: SIDE, height: SIDE, data };
}

/** Give `glMap` every hatch its style asks for; the image's name ends with its look. */
export function provideHatches(glMap, prefix) {
  glMap.on("styleimagemissing", ({ id }) => {
    if (id.startsWith(prefix) && !glMap.hasImage(id)) {
      glMap.addImage(id, hatchImage(id.slice(prefix.length)), { pixelRatio: 2 });
    }
  });
}
