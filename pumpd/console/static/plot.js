// The plot of what runs: drawn whole once, when the page is opened, and from then on only what is new is added to it.
//
// The server draws every stroke, the new ones as well, in the same frame; this puts them where they belong. When the frame
// itself has changed (a rate above the axis, a later end) the whole comes again. Without this script the picture of the
// page stands, and a reload shows a later one.

const EVERY_MS = 3_000;
const PATIENCE_MS = 3_000;
const narrow = matchMedia("(max-width: 700px)");

let asking = false;

// What the server has for this page, parsed; null where nothing is new.
async function ask(holder, svg) {
  const query = new URLSearchParams(narrow.matches ? { size: "narrow" } : {});
  if (svg !== null) {
    query.set("until", svg.dataset.until);
    query.set("frame", svg.dataset.frame);
  }
  const answer = await fetch(`${holder.dataset.drawn}?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status !== 200) return null;
  const parsed = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  return document.importNode(parsed, true);
}

function add(svg, more) {
  svg.querySelector("[data-curves]").append(...more.querySelector("[data-curves]").childNodes);
  svg.querySelector("[data-now]")?.remove();
  const now = more.querySelector("[data-now]");
  if (now !== null) svg.append(now);
  svg.dataset.until = more.dataset.until;
}

async function grow() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    for (const holder of document.querySelectorAll("[data-drawn]")) {
      const fits = holder.dataset.narrow === String(narrow.matches);
      const svg = fits ? holder.querySelector("svg") : null;
      const came = await ask(holder, svg);
      if (came === null) continue;
      if (svg !== null && svg.dataset.frame === came.dataset.frame) add(svg, came);
      else holder.replaceChildren(came);
      holder.dataset.narrow = String(narrow.matches);
    }
  } catch {
    // the page says by itself that it does not reach the bed; what is drawn stays
  } finally {
    asking = false;
  }
}

grow();
setInterval(grow, EVERY_MS);
narrow.addEventListener("change", grow);
addEventListener("visibilitychange", grow);
