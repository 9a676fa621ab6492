// One key, one visible control: a key presses the control that carries it in data-key, so keys and mouse do the same.
"use strict";

(() => {
  const SETTLE_MS = 400; // a second press or click this soon was meant for the page before
  let shownAt = 0;
  let busy = false;

  const one = (selector) => document.querySelector(selector);
  const announce = (text) => { one("#announcer").textContent = text; };

  // --- pictures

  const current = () => one(".strip [aria-current]");

  function show(link) {
    const stage = one("#stage");
    if (!stage || !link) return;
    current()?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    const bare = one("[data-does=boxes]").getAttribute("aria-pressed") === "true" && link.dataset.plain;
    stage.src = bare || link.dataset.picture;
    stage.alt = link.dataset.alt;
    one("#stage-caption").textContent = link.dataset.caption;
  }

  function nextPicture() {
    const links = [...document.querySelectorAll(".strip a")];
    show(links[(links.indexOf(current()) + 1) % links.length]);
  }

  function toggle(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    return on;
  }

  function lookAt(x, y) {
    const stage = one("#stage");
    stage.style.transformOrigin = `${x}% ${y}%`;
    stage.dataset.x = x;
    stage.dataset.y = y;
  }

  function pan(key) {
    const stage = one(".stage.zoomed #stage");
    const step = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] }[key];
    if (!stage || !step) return false;
    const moved = [stage.dataset.x ?? 50, stage.dataset.y ?? 50].map((at, axis) => Math.min(100, Math.max(0, Number(at) + step[axis])));
    lookAt(...moved);
    return true;
  }

  const DOES = {
    help: () => { const help = one("#help"); if (help.open) help.close(); else help.showModal(); },
    boxes: (button) => { toggle(button); show(current()); },
    zoom: (button) => one(".stage").classList.toggle("zoomed", toggle(button)),
  };

  // --- keys

  function rowStep(step) {
    const rows = [...document.querySelectorAll("[data-row]")];
    const at = rows.indexOf(document.activeElement);
    const row = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
    row?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }

  function controlOf(key) {
    const control = one(`[data-key="${CSS.escape(key)}"]`);
    return control?.closest("details:not([open])") && control.tagName !== "SUMMARY" ? null : control;
  }

  function keyOf(event) {
    if (event.key === "？") return "?";
    // Under an input method the browser may hide which key it was.
    return event.key === "Process" ? event.code.replace(/^(Key|Digit)/, "").toLowerCase() : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.matches("input:not([type=hidden]), textarea, select")) return;
    const key = keyOf(event);
    const help = one("#help");
    if (help.open && key !== "?") return;
    if (key === "Escape") {
      one("details[open]")?.removeAttribute("open");
      if (one(".stage.zoomed")) one("[data-does=zoom]").click();
    } else if (key === "n" && one(".strip")) {
      nextPicture();
    } else if (pan(key)) {
      event.preventDefault();
    } else if (key.length === 1 && controlOf(key)) {
      event.preventDefault();
      controlOf(key).click();
    } else if (key === "j" || key === "k") {
      rowStep(key === "j" ? 1 : -1);
    }
  });

  document.addEventListener("click", (event) => {
    const control = event.target.closest("[data-does]");
    const picture = event.target.closest("[data-picture]");
    if (control) DOES[control.dataset.does](control);
    else if (picture && one("#stage")) {
      event.preventDefault();
      show(picture);
    } else if (event.target.id === "stage") {
      one("[data-does=zoom]").click();
    }
  });

  document.addEventListener("mousemove", (event) => {
    if (event.target.id !== "stage" || !event.target.parentElement.classList.contains("zoomed")) return;
    const frame = event.target.parentElement.getBoundingClientRect();
    lookAt(((event.clientX - frame.left) / frame.width) * 100, ((event.clientY - frame.top) / frame.height) * 100);
  });

  // --- deciding: only on what has been shown, and never twice by one gesture

  document.addEventListener("submit", (event) => {
    const loading = one("#stage") && !one("#stage").complete;
    const early = performance.now() - shownAt < SETTLE_MS;
    const decides = event.submitter?.hasAttribute("data-decides");
    if (busy || (decides && (loading || early))) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // --- page changes

  function settle(root) {
    shownAt = performance.now();
    charts.drawAll(root);
    const stage = one("#stage");
    const broken = () => stage.parentElement.classList.toggle("broken", stage.naturalWidth === 0);
    stage?.addEventListener("error", broken);
    stage?.addEventListener("load", () => { shownAt = performance.now(); broken(); });
    if (stage?.complete) broken();
  }

  function tell() {
    announce([...document.querySelectorAll(".said, [role=alert], [data-announce]")].map((part) => part.textContent.trim()).join(" "));
  }

  function unreachable() {
    busy = false;
    const banner = one("#unreachable") ?? Object.assign(document.createElement("p"), { id: "unreachable", className: "banner" });
    banner.setAttribute("role", "alert");
    banner.textContent = document.body.dataset.offline;
    one("#main").before(banner);
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (busy) event.preventDefault();
    busy = true;
  });
  document.addEventListener("htmx:beforeSwap", () => charts.forget());
  document.addEventListener("htmx:afterSwap", () => {
    busy = false;
    one("#main").focus({ preventScroll: true });
    settle(document);
    tell();
  });
  document.addEventListener("htmx:sendError", unreachable);
  document.addEventListener("htmx:timeout", unreachable);
  settle(document);
})();
