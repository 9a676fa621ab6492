// The pilot's page: draws what the flight's stream says, asks before it commands, and shows every answer in words.
"use strict";

(() => {
  const cockpit = document.querySelector("#cockpit");
  if (!cockpit) {
    if (document.querySelector("main.pilot")) window.setTimeout(() => window.location.reload(), 5000);
    return;
  }
  const RENEW_MS = 10000;
  const M_PER_DEG = 111320;
  const one = (selector) => document.querySelector(selector);
  const flight = cockpit.dataset.flight;
  const air = one("#air");
  const key = sessionStorage.offsiteKey ?? (sessionStorage.offsiteKey = crypto.randomUUID());
  const trail = [];
  let frame = null; // lon, lat of the middle: metres east and south of it are the picture's x and y
  let view = null;
  let placing = null;
  let mine = false;
  let heardAt = performance.now();

  const flat = ([lon, lat]) => [(lon - frame.lon) * M_PER_DEG * frame.cos, (frame.lat - lat) * M_PER_DEG];
  const round = ([x, y]) => [frame.lon + x / (M_PER_DEG * frame.cos), frame.lat - y / M_PER_DEG];

  function put(tag, attributes, parent = air) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    parent.append(element);
    return element;
  }

  const pathOf = (rings) => rings.map((ring) => `M${ring.map((at) => flat(at).map((n) => n.toFixed(1)).join(",")).join("L")}`).join("");

  async function drawPlan() {
    const chart = await (await fetch(`${flight}/chart.geojson`)).json();
    const shapes = chart.features.map(({ properties, geometry }) => ({ role: properties.role, ...geometry }));
    const fence = shapes.find(({ role }) => role === "fence");
    if (!fence) return;
    const [lons, lats] = [0, 1].map((axis) => fence.coordinates[0].map((at) => at[axis]));
    const middle = (all) => (Math.min(...all) + Math.max(...all)) / 2;
    frame = { lon: middle(lons), lat: middle(lats), cos: Math.cos((middle(lats) * Math.PI) / 180) };
    const [east, south] = flat([Math.max(...lons), Math.min(...lats)]);
    const [width, height] = [east * 1.06, south * 1.06];
    air.setAttribute("viewBox", `${-width} ${-height} ${2 * width} ${2 * height}`);
    const size = Math.max((2 * width) / air.clientWidth, (2 * height) / air.clientHeight) * 11; // 11 px on the screen
    for (const { role, type, coordinates } of shapes) {
      if (type === "Polygon") put("path", { d: pathOf(coordinates), class: `air-${role}` });
      else if (type === "LineString") put("path", { d: pathOf([coordinates]), class: `air-${role}` });
      else put("circle", { cx: flat(coordinates)[0], cy: flat(coordinates)[1], r: size / 2, class: `air-${role}` });
    }
    put("polyline", { id: "trail", class: "air-trail" });
    put("circle", { id: "mark", class: "air-mark", r: size / 1.5, visibility: "hidden" });
    put("path", { id: "craft", class: "air-craft", d: `M0,${-size * 1.5}L${size},${size}L0,${size / 2}L${-size},${size}Z`, visibility: "hidden" });
    const bar = 10 ** Math.floor(Math.log10(width));
    put("path", { class: "air-bar", d: `M${-width * 0.9},${height * 0.88}h${bar}` });
    put("text", { class: "air-bar", x: -width * 0.9, y: height * 0.88 - size * 0.6, "font-size": size * 1.2 }).textContent = `${bar} m`;
  }

  function show(row) {
    view = row;
    heardAt = performance.now();
    for (const [name, text] of Object.entries(row.words)) {
      const place = one(`[data-word="${name}"]`);
      if (place) place.textContent = text;
    }
    cockpit.classList.toggle("silent", row.silent);
    cockpit.classList.toggle("lost", row.state === "control_lost");
    if (mine && row.pilot !== one("#me").value) mine = false;
    cockpit.classList.toggle("mine", mine);
    for (const button of document.querySelectorAll(".acts [data-act]")) button.disabled = !mine || !row.open_to.includes(button.dataset.act);
    if (!frame || row.lon_deg === null) return;
    const [x, y] = flat([row.lon_deg, row.lat_deg]);
    one("#craft").setAttribute("transform", `translate(${x},${y}) rotate(${row.course_deg})`);
    one("#craft").setAttribute("visibility", "visible");
    trail.push(`${x.toFixed(1)},${y.toFixed(1)}`);
    one("#trail").setAttribute("points", trail.slice(-1200).join(" "));
  }

  async function ask(action, more = {}) {
    const pilot = one(action === "revoke" ? "#boss" : "#me").value;
    const request = { command_id: crypto.randomUUID(), action, pilot, key, ...more };
    const quiet = action === "renew";
    if (!quiet) one("#said").textContent = cockpit.dataset.waiting;
    try {
      const answer = await fetch(`${flight}/commands`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(30000),
      });
      const row = await answer.json();
      if (action === "acquire" || quiet) mine = answer.ok;
      if (action === "release" && answer.ok) mine = false;
      if (quiet && answer.ok) return;
      one("#said").textContent = row.said;
      one("#said").classList.toggle("no", !answer.ok);
    } catch (error) {
      one("#said").textContent = cockpit.dataset.lost;
      one("#said").classList.add("no");
    }
  }

  function sure(button, at) {
    const dialog = one("#sure");
    const goes = button.dataset.act === "go_to";
    one("#sure-what").textContent = button.textContent;
    one("#sure-place").textContent = at ? `${at[1].toFixed(6)}, ${at[0].toFixed(6)}` : "";
    one("#sure-height").hidden = !goes;
    one("#height").value = Math.round(view?.height_home_m ?? 30);
    dialog.returnValue = "";
    dialog.onclose = () => {
      one("#mark")?.setAttribute("visibility", "hidden");
      if (dialog.returnValue !== "yes") return;
      const place = at ? { lon_deg: at[0], lat_deg: at[1] } : {};
      ask(button.dataset.act, { ...place, ...(goes ? { height_home_m: Number(one("#height").value) } : {}), ...(button.dataset.act === "hand_over" ? { to: one("#to").value } : {}) });
    };
    dialog.showModal();
  }

  cockpit.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    placing = null;
    air.classList.remove("placing");
    if ("place" in button.dataset) {
      placing = button;
      air.classList.add("placing");
      one("#said").textContent = cockpit.dataset.tap;
      one("#said").classList.remove("no");
    } else if ("sure" in button.dataset) sure(button, null);
    else ask(button.dataset.act);
  });

  air.addEventListener("click", (event) => {
    if (!placing || !frame) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(air.getScreenCTM().inverse());
    one("#mark").setAttribute("cx", at.x);
    one("#mark").setAttribute("cy", at.y);
    one("#mark").setAttribute("visibility", "visible");
    air.classList.remove("placing");
    sure(placing, round([at.x, at.y]));
    placing = null;
  });

  one("#me").value = localStorage.offsitePilot ?? one("#me").value;
  one("#me").addEventListener("change", () => { localStorage.offsitePilot = one("#me").value; mine = false; });

  // The lease is renewed only while somebody has the page before them.
  window.setInterval(() => { if (mine && !document.hidden) ask("renew"); }, RENEW_MS);
  window.setInterval(() => { if (view && !view.over) cockpit.classList.toggle("silent", view.silent || performance.now() - heardAt > 3000); }, 500);

  drawPlan().finally(() => {
    const stream = new EventSource(`${flight}/live`);
    stream.onmessage = (message) => {
      const row = JSON.parse(message.data);
      if (row.words) show(row);
      if (!row.words || row.over) stream.close();
    };
    document.addEventListener("htmx:beforeSwap", () => stream.close());
  });
})();
