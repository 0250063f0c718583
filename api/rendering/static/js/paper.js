// What a browser prints in place of the map: the picture of it, so that scale, key and signs are of one size with it.

import { compose } from "./picture.js";
import { signsOf } from "./signs.js";

/** Lay the picture of the map on the sheet while the page is printed. */
export function onPaper(map, glMap, config) {
  const frame = window.frameElement;
  window.addEventListener("beforeprint", () => {
    const sheet = settled(compose(map, glMap, signsOf(glMap, config)));
    sheet.id = "paper-map";
    document.body.append(sheet);
    document.body.classList.add("on-paper");
    if (!frame) return;
    frame.style.aspectRatio = `${sheet.width} / ${sheet.height}`;
    frame.dataset.paper = "";
  });
  window.addEventListener("afterprint", () => {
    document.getElementById("paper-map")?.remove();
    document.body.classList.remove("on-paper");
    if (!frame) return;
    frame.style.aspectRatio = "";
    delete frame.dataset.paper;
  });
}

/** Return a canvas of the same pixels: Chromium prints one that was just drawn as drawing steps, and loses patterns. */
function settled(drawn) {
  const { width, height } = drawn;
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  sheet.getContext("2d").putImageData(drawn.getContext("2d").getImageData(0, 0, width, height), 0, 0);
  return sheet;
}
