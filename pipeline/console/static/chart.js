// Maps of the site's own GeoJSON: drawn on a plain ground, with a base map only where the settings name one.
"use strict";

const charts = (() => {
  const drawn = new Set();
  const LEAST_SPAN_DEG = 0.00045; // about 50 m: a tight error ellipse still shows its surroundings
  const CAMERA_REACH_M = 250; // a camera farther than this is drawn, but the view does not widen to it
  const ORDER = ["zone", "permit", "ellipse", "sight", "site", "finding", "case"];

  function pointLayer(feature, latlng) {
    const { role, offence, kind } = feature.properties;
    const radius = { case: 7, finding: 4, site: 6 }[role];
    return L.circleMarker(latlng, { radius, pane: "points", className: `at-${role} offence-${offence ?? kind ?? ""}` });
  }

  function areaStyle(feature) {
    const { role, kind, flagged, valid } = feature.properties;
    if (feature.geometry.type === "Point") return {};
    const state = flagged ? "flagged" : role === "permit" && !valid ? "lapsed" : "";
    return { className: `area area-${role} kind-${kind ?? ""} ${state}`, weight: flagged ? 2.5 : 1.25 };
  }

  function words(...lines) {
    const box = document.createElement("div");
    box.append(...lines.map((text) => Object.assign(document.createElement("div"), { textContent: text })));
    return box;
  }

  function describe(feature, layer) {
    const { role, label, link } = feature.properties;
    const where =
      role === "site" ? { permanent: true, direction: "right", offset: [8, 0] }
        : feature.geometry.type === "Point" ? { direction: "top", offset: [0, -6] } : { sticky: true };
    layer.bindTooltip(words(label), { ...where, className: `label label-${role}` });
    if (link) layer.on("click", () => window.location.assign(link));
  }

  const widthPx = (text) => [...text].reduce((width, letter) => width + (letter > "\u2e7f" ? 12 : 6.5), 0);

  // An area large enough on the screen carries its name; a smaller one says it under the pointer.
  function nameAreas(map, chart) {
    chart.eachLayer((layer) => {
      const { name, kind, kind_name: kindName, label, flagged } = layer.feature.properties;
      if (!name || kind === "patrol") return;
      const extent = layer.getBounds();
      const size = map.latLngToLayerPoint(extent.getSouthEast()).subtract(map.latLngToLayerPoint(extent.getNorthWest()));
      const fits = size.x >= widthPx(name) + 6 && size.y >= 20;
      const lines = size.y >= 56 && size.x >= widthPx(kindName) + 6 ? [name, kindName] : [name];
      layer.unbindTooltip();
      if (!fits) {
        layer.bindTooltip(words(label), { sticky: true, className: "label" });
        return;
      }
      const middle = extent.getCenter();
      const road = kind === "road"; // roads cross: their name is in the middle, others' under their upper edge
      const style = { permanent: true, direction: road ? "center" : "bottom", pane: "names", offset: [0, road ? 0 : -4] };
      layer.bindTooltip(words(...lines), { ...style, className: `label name ${flagged ? "flagged" : ""}` });
      layer.openTooltip(road ? middle : L.latLng(extent.getNorth(), middle.lng));
    });
  }

  function viewLines(features) {
    const at = features.find((feature) => feature.properties.role === "case");
    return features
      .filter((feature) => feature.properties.sees)
      .map((feature) => ({
        type: "Feature",
        geometry: { type: "LineString", coordinates: [feature.geometry.coordinates, at.geometry.coordinates] },
        properties: { role: "sight", label: feature.properties.label },
      }));
  }

  function bounds(chart) {
    const whole = L.latLngBounds([]);
    const cases = L.latLngBounds([]);
    const cameras = [];
    chart.eachLayer((layer) => {
      const { role, sees } = layer.feature.properties;
      const extent = layer.getBounds ? layer.getBounds() : L.latLngBounds([layer.getLatLng()]);
      whole.extend(extent);
      if (role === "ellipse") cases.extend(extent);
      if (sees) cameras.push(layer.getLatLng());
    });
    if (!cases.isValid()) return whole.isValid() ? whole.pad(0.05) : null;
    const middle = cases.getCenter();
    cameras.filter((at) => at.distanceTo(middle) <= CAMERA_REACH_M).forEach((at) => cases.extend(at));
    const lon = LEAST_SPAN_DEG / Math.cos((middle.lat * Math.PI) / 180);
    cases.extend([middle.lat + LEAST_SPAN_DEG, middle.lng + lon]).extend([middle.lat - LEAST_SPAN_DEG, middle.lng - lon]);
    return cases.pad(0.08);
  }

  async function draw(element) {
    if (!window.L) {
      element.textContent = element.dataset.noLibrary;
      return;
    }
    const map = L.map(element, { zoomSnap: 0.25, maxZoom: 21, minZoom: 10, dragging: !L.Browser.mobile, attributionControl: false });
    drawn.add(map);
    map.createPane("names");
    map.createPane("points");
    L.control.attribution({ prefix: "Leaflet" }).addAttribution(element.dataset.attribution).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
    if (element.dataset.tiles) L.tileLayer(element.dataset.tiles, { maxZoom: 21, maxNativeZoom: 18 }).addTo(map);
    try {
      const answer = await fetch(element.dataset.chart, { signal: AbortSignal.timeout(15000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const collection = await answer.json();
      if (!drawn.has(map)) return;
      collection.features.push(...viewLines(collection.features));
      collection.features.sort((a, b) => ORDER.indexOf(a.properties.role) - ORDER.indexOf(b.properties.role));
      const chart = L.geoJSON(collection, { pointToLayer: pointLayer, style: areaStyle, onEachFeature: describe });
      const extent = bounds(chart);
      if (extent) map.fitBounds(extent);
      else map.setView([0, 0], 10);
      chart.addTo(map);
      nameAreas(map, chart);
      map.on("zoomend", () => nameAreas(map, chart));
    } catch (error) {
      if (drawn.has(map)) element.append(Object.assign(document.createElement("p"), { className: "map-fault", textContent: element.dataset.failed }));
    }
  }

  return {
    drawAll: (root) => root.querySelectorAll("[data-chart]").forEach(draw),
    forget() {
      drawn.forEach((map) => map.remove());
      drawn.clear();
    },
  };
})();
