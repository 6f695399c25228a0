// Keeps the numbers of an open page alive, and takes them away when they no longer are.
//
// The server rendered the page; this applies what has changed since: texts to [data-field], bars to [data-meter],
// and, when the layout itself has to change, the page's own regions, fetched anew. No text about the bed is made here.
//
// The browser's own timer judges how old the numbers are: a stream that falls silent brings no event that says so.
// Nothing here is needed to stop a pump: STOP is a plain form.

const LIVE_MS = 2_000; // the same three limits as console/live.py
const GREY_MS = 5_000;
const GONE_MS = 10_000;
const SILENT_MS = 2_000; // the bed sends at least once a second
const RECONNECT_MS = 4_000; // a stream that says nothing for so long is dead, whatever the browser thinks
const PLOT_MS = 3_000;
const PRESS_MS = 400; // nothing moves under a finger, nor just after it

const LOOK = "Look at the pump; its own STOP key works at once.";

const root = document.documentElement;
let ages = {}; // slot -> age of the pump's last report when it was heard, in ms, or null
let heardAt = 0; // performance.now() of the newest numbers; 0 is when this page was asked for
let messageAt = 0;
let connectedAt = 0;
let bedGone = root.dataset.shape === "gone";
let newest = null;
let source = null;
let pressing = false;
let renewing = false;
let wanted = false; // a new layout is waiting
let renewedAt = performance.now();

function sections() {
  return document.querySelectorAll("[data-slot]");
}

function readAges() {
  for (const section of sections()) {
    const age = section.dataset.ageMs;
    ages[section.dataset.slot] = age === "" ? null : Number(age);
  }
}

function freshness(age) {
  if (bedGone || age === null || age >= GONE_MS) return "gone";
  if (age >= GREY_MS) return "grey";
  return age >= LIVE_MS ? "old" : "live";
}

function ageText(state, age) {
  if (state === "live") return "";
  if (bedGone) return "NO DATA";
  if (age === null) return "NO DATA from the pump";
  const ago = `${Math.floor(age / 1_000)} s ago`;
  return state === "old" ? `as of ${ago}` : `NO DATA: last heard ${ago}`;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A number that is too old, or, when the bed is lost, any word about what the pump does.
function isTakenAway(element) {
  if ("lost" in root.dataset && element.closest(".state-word") !== null) return true;
  return element.matches(".figure") && element.closest('[data-freshness="gone"]') !== null;
}

function patch() {
  if (newest === null) return;
  for (const element of document.querySelectorAll("[data-field]")) {
    const text = newest.fields[element.dataset.field];
    if (text !== undefined && !isTakenAway(element)) put(element, text);
  }
  for (const bar of document.querySelectorAll("[data-meter]")) {
    const meter = newest.meters[bar.dataset.meter];
    if (meter !== undefined) [bar.value, bar.max] = meter;
  }
}

function grow() {
  const now = performance.now();
  const silentMs = now - messageAt;
  let back = false;
  if (bedGone || silentMs >= GREY_MS) {
    root.dataset.lost = "";
    for (const word of document.querySelectorAll(".state-word [data-field]")) put(word, "not known here");
  } else if ("lost" in root.dataset) {
    delete root.dataset.lost;
    back = true;
  }
  for (const section of sections()) {
    const known = ages[section.dataset.slot];
    const age = known === null || known === undefined ? null : known + now - heardAt;
    const state = freshness(age);
    back ||= section.dataset.freshness === "gone" && state !== "gone";
    section.dataset.freshness = state;
    for (const label of section.querySelectorAll("[data-age-of]")) put(label, ageText(state, age));
    if (state === "gone") {
      for (const figure of section.querySelectorAll(".figure")) {
        put(figure, "lead" in figure.dataset ? "no data" : "");
      }
    }
  }
  if (back) patch();
  tellLoss(silentMs);
}

function tellLoss(silentMs) {
  const line = document.getElementById("lost");
  let text = "";
  if (bedGone && root.dataset.shape !== "gone") {
    text = `The program at this bed does not answer. What the pump does is not known here. ${LOOK}`;
  } else if (silentMs >= SILENT_MS) {
    text = `No data for ${Math.floor(silentMs / 1_000)} s: this page does not reach the bed. ${LOOK}`;
  }
  line.hidden = text === "";
  put(line, text);
}

// A plot that is there already stays where it is: a new one would be blank until it has come.
function keepPlots(region, fresh) {
  for (const drawn of region.querySelectorAll("[data-drawn]")) {
    fresh.querySelector(`[data-drawn="${drawn.dataset.drawn}"]`)?.replaceWith(drawn);
  }
  for (const plot of region.querySelectorAll("img[data-plot]")) {
    const other = fresh.querySelector(`img[data-plot="${plot.dataset.plot}"]`);
    other?.closest("picture").replaceWith(plot.closest("picture"));
  }
}

async function renew() {
  if (renewing || pressing) return;
  renewing = true;
  renewedAt = performance.now();
  wanted = false;
  try {
    const answer = await fetch(root.dataset.refresh || "/", { signal: AbortSignal.timeout(3_000) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html").documentElement;
    if (!answer.ok || page.dataset.shape === "gone") return;
    if (pressing) {
      wanted = true;
      return;
    }
    const focused = document.activeElement?.id;
    for (const region of document.querySelectorAll("[data-region]")) {
      const fresh = page.querySelector(`[data-region="${region.dataset.region}"]`);
      if (fresh === null || region.dataset.region === "form") continue;
      keepPlots(region, fresh);
      region.replaceChildren(...fresh.childNodes);
    }
    root.dataset.shape = page.dataset.shape;
    root.dataset.sound = page.dataset.sound;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    patch();
    grow();
    redraw();
  } catch {
    wanted = true; // the next message asks again
  } finally {
    renewing = false;
  }
}

function hear(message) {
  messageAt = performance.now();
  dispatchEvent(new CustomEvent("pumpd-heard", { detail: message }));
  bedGone = "gone" in message;
  if (!bedGone) {
    if (root.dataset.shape === "gone") {
      location.replace(root.dataset.refresh || "/"); // to what was asked for; no form is sent again
      return;
    }
    newest = message;
    heardAt = messageAt;
    ages = message.ages;
    patch();
    if (message.shape !== root.dataset.shape || wanted) renew();
  }
  grow();
}

function connect() {
  source?.close();
  connectedAt = performance.now();
  source = new EventSource("/events");
  source.onmessage = (event) => hear(JSON.parse(event.data));
}

function tick() {
  const now = performance.now();
  if (now - Math.max(messageAt, connectedAt) > RECONNECT_MS) connect();
  const again = Number(root.dataset.again); // seconds, where something runs down that no event tells of
  if (again && now - renewedAt > again * 1_000 && !document.hidden) renew();
  grow();
}

function redraw() {
  if (bedGone || document.hidden) return;
  for (const element of document.querySelectorAll("[data-plot]")) {
    const plot = element.dataset.plot;
    const fresh = `${plot}${plot.includes("?") ? "&" : "?"}at=${Math.floor(performance.now())}`;
    if (element instanceof HTMLImageElement) element.src = fresh;
    else element.srcset = fresh;
  }
}

function released() {
  setTimeout(() => {
    pressing = false;
    if (wanted) renew();
  }, PRESS_MS);
}

addEventListener("pointerdown", () => (pressing = true));
addEventListener("pointerup", released);
addEventListener("pointercancel", released);
addEventListener("visibilitychange", tick);
addEventListener("error", (event) => event.target.classList?.add("missing"), true); // a plot that did not come
addEventListener("load", (event) => event.target.classList?.remove("missing"), true);
addEventListener("pageshow", (event) => event.persisted && location.reload());

// A screen that goes dark by itself is no screen at a bed. Asked again each time the page is shown.
async function keepAwake() {
  try {
    if (!document.hidden) await navigator.wakeLock?.request("screen");
  } catch {
    // refused on a low battery, or where the page is not served securely: the panel's own setting decides
  }
}

addEventListener("visibilitychange", keepAwake);
keepAwake();
readAges();
connect();
setInterval(tick, 250);
setInterval(redraw, PLOT_MS);
