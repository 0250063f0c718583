// The live map: MapLibre under Leaflet. Its library is ten times the rest of the page, and comes when it is needed.

import { provideHatches } from "./hatch.js";

// Every tile that arrives has the map drawn again. While another picture stands before it that is done on a hundredth of
// the pixels: drawing them all takes a processor without a graphics card half a second each time.
const WAITING_RATIO = 0.1;
// How long that may go on; from then on whatever has arrived is shown.
const LONGEST_WAIT_MS = 3000;
const LONGEST_WAIT_BY_PROCESSOR_MS = 20000;
const BY_PROCESSOR = /swiftshader|llvmpipe|softpipe|software|basic render/i; // what draws without a graphics card

/** Have the library fetched, for `liveMap` to come, behind everything already asked for. */
export function fetchAhead({ live }) {
  for (const href of [...live.scripts, live.worker, live.stylesheet]) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href }));
  }
}

/**
 * Load the library and lay its map of `style` into the Leaflet `map`; return MapLibre's map. If it `waits` it is not
 * seen: `replace` shows it.
 *
 * Throws where the library does not come or the browser has no WebGL.
 */
export async function liveMap(map, style, { live, hatch, attribution }, waits) {
  const { scripts, stylesheet, worker } = live;
  await Promise.all([styled(stylesheet), ...scripts.map(loaded)]);
  maplibregl.setWorkerUrl(worker);
  maplibregl.prewarm(); // the worker starts while this thread is busy with WebGL
  const layer = L.maplibreGL({
    style,
    attributionControl: { customAttribution: attribution },
    fadeDuration: 0, // names stand at once; fading them in redraws the map a dozen times
    pixelRatio: waits ? WAITING_RATIO : undefined,
    canvasContextAttributes: { preserveDrawingBuffer: true }, // so that the map is on paper when the page is printed
  });
  layer.addTo(map);
  const glMap = layer.getMaplibreMap();
  provideHatches(glMap, hatch);
  const canvas = glMap.getCanvas();
  canvas.setAttribute("aria-hidden", "true");
  if (waits) canvas.style.visibility = "hidden";
  return glMap;
}

/**
 * Let the live map take the place of the `plain` layer of `source` once it has all its tiles, or on a slow line those of
 * that source; return a function that tells whether it has.
 */
export function replace(plain, glMap, source) {
  let due = false;
  let replaced = false;
  const begin = () => {
    if (due) return;
    due = true;
    glMap.setPixelRatio(window.devicePixelRatio);
  };
  const swap = () => {
    if (!due || !glMap.getSource(source) || !glMap.isSourceLoaded(source)) return;
    glMap.off("render", swap);
    glMap.getCanvas().style.visibility = "";
    plain.remove();
    replaced = true;
  };
  glMap.once("idle", begin);
  setTimeout(begin, byProcessor(glMap) ? LONGEST_WAIT_BY_PROCESSOR_MS : LONGEST_WAIT_MS);
  glMap.on("render", swap);
  return () => replaced;
}

/** Tell whether the browser admits that it draws without a graphics card. */
function byProcessor(glMap) {
  const canvas = glMap.getCanvas();
  const context = canvas.getContext("webgl2") ?? canvas.getContext("webgl"); // the one the map has
  const about = context.getExtension("WEBGL_debug_renderer_info");
  return about !== null && BY_PROCESSOR.test(context.getParameter(about.UNMASKED_RENDERER_WEBGL));
}

/** Run a script of this service; several run in the order they were asked for. */
export function loaded(src) {
  return added("script", { src, async: false });
}

function styled(href) {
  return added("link", { rel: "stylesheet", href });
}

function added(name, properties) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement(name), properties);
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
    document.head.append(element);
  });
}
