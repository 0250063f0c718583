// Buttons of the map: the whole screen, and where the reader stands. The place is drawn here and sent to nobody.

const NEAREST = 16; // zoom (Leaflet) at which a place of the device is shown
// Drawn, since few fonts have the signs.
const CORNERS = "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4";
const RETICLE = "M8 1v4M8 11v4M1 8h4M11 8h4M8 4a4 4 0 1 0 .01 0";

/** Add the buttons that this browser has something to do for. */
export function addButtons(map, messages) {
  const container = map.getContainer();
  if (document.fullscreenEnabled) {
    addButton(map, CORNERS, messages.full_screen, () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen();
    });
  }
  if (!window.isSecureContext || !navigator.geolocation) return;
  const here = L.layerGroup().addTo(map);
  const said = L.DomUtil.create("p", "visually-hidden", container);
  said.setAttribute("role", "status");
  addButton(map, RETICLE, messages.where, () => map.locate({ setView: true, maxZoom: NEAREST }));
  map.on("locationfound", ({ latlng, accuracy }) => {
    here.clearLayers();
    here.addLayer(L.circle(latlng, { className: "here", radius: accuracy, color: "#111111", weight: 1, interactive: false }));
    here.addLayer(L.circleMarker(latlng, { className: "here", radius: 6, color: "#ffffff", fillColor: "#111111", fillOpacity: 1, interactive: false }));
    said.textContent = "";
  });
  map.on("locationerror", () => {
    said.classList.remove("visually-hidden");
    said.classList.add("notice", "low");
    said.textContent = messages.nowhere;
  });
}

/** Add a button with a drawn sign to the map; return it. */
export function addButton(map, path, title, act) {
  let made;
  const Button = L.Control.extend({
    options: { position: "topleft" },
    onAdd() {
      const bar = L.DomUtil.create("div", "leaflet-bar");
      const button = Object.assign(L.DomUtil.create("button", "", bar), { type: "button", title });
      button.setAttribute("aria-label", title);
      button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
      L.DomEvent.disableClickPropagation(bar);
      button.addEventListener("click", act);
      made = button;
      return bar;
    },
  });
  map.addControl(new Button());
  return made;
}
