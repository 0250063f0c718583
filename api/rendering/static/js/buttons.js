// Buttons of the map: the whole screen, and where the reader stands. The place is drawn here and sent to nobody.

const NEAREST = 16; // zoom (Leaflet) at which a place of the device is shown

/** Add the buttons that this browser has something to do for. */
export function addButtons(map, messages) {
  const container = map.getContainer();
  if (document.fullscreenEnabled) {
    addButton(map, "⛶", messages.full_screen, () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen();
    });
  }
  if (!window.isSecureContext || !navigator.geolocation) return;
  const here = L.layerGroup().addTo(map);
  const said = L.DomUtil.create("p", "visually-hidden", container);
  said.setAttribute("role", "status");
  addButton(map, "◎", messages.where, () => map.locate({ setView: true, maxZoom: NEAREST }));
  map.on("locationfound", ({ latlng, accuracy }) => {
    here.clearLayers();
    here.addLayer(L.circle(latlng, { radius: accuracy, color: "#111111", weight: 1, interactive: false }));
    here.addLayer(L.circleMarker(latlng, { radius: 6, color: "#ffffff", fillColor: "#111111", fillOpacity: 1, interactive: false }));
    said.textContent = "";
  });
  map.on("locationerror", () => {
    said.classList.remove("visually-hidden");
    said.classList.add("notice", "low");
    said.textContent = messages.nowhere;
  });
}

function addButton(map, sign, title, act) {
  const Button = L.Control.extend({
    options: { position: "topleft" },
    onAdd() {
      const bar = L.DomUtil.create("div", "leaflet-bar");
      const button = Object.assign(L.DomUtil.create("button", "", bar), { type: "button", title, textContent: sign });
      button.setAttribute("aria-label", title);
      L.DomEvent.disableClickPropagation(bar);
      button.addEventListener("click", act);
      return bar;
    },
  });
  map.addControl(new Button());
}
