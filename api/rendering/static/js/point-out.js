// What the page around the map points at: a ring around a plot of its list, and the card of one that is opened there.

const RING = { radius: 14, fill: false, interactive: false };
const NEAR = 15; // zoom (Leaflet) from which single plots are seen

/** Have the page around ring plots of this map and open them; `choose` opens the card of a plot at a place. */
export function pointOut(map, choose) {
  const frame = window.frameElement;
  if (!frame) return;
  const rings = L.layerGroup().addTo(map);
  frame.addEventListener("obod:point", ({ detail }) => {
    rings.clearLayers();
    if (!detail) return;
    const place = placeOf(detail);
    rings.addLayer(L.circleMarker(place, { ...RING, color: "#ffffff", weight: 7 }));
    rings.addLayer(L.circleMarker(place, { ...RING, color: "#111111", weight: 3 }));
  });
  frame.addEventListener("obod:open", async (event) => {
    event.preventDefault(); // it is done here; the page need not load itself anew for it
    const place = placeOf(event.detail);
    if (map.getZoom() < NEAR || !map.getBounds().contains(place)) {
      map.setView(place, Math.max(map.getZoom(), NEAR), { animate: false });
    }
    await choose(event.detail.number, L.latLng(place));
    document.getElementById("card-body").focus();
  });
}

function placeOf({ at }) {
  return at.split("/").map(Number);
}
