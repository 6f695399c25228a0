// START is held, or pressed twice by whoever has no finger on it; and not before all of the review has been in view.
//
// Seen means: every line stood in the page above the bar of STOP for a moment, by the browser's own account. START says how
// much is missing, and takes whoever presses it too early to the first line that was not seen. A finger or a mouse holds it
// for a second, while it fills, so that a brush or a slip starts nothing. A keyboard or a screen reader presses it once to
// arm it and again, not at once and not much later, to start.

const HOLD_MS = 1_000;
const SEEN_MS = 400;
const AGAIN_AFTER_MS = 500;
const AGAIN_WITHIN_MS = 8_000;

const start = document.getElementById("start");
const told = document.getElementById("start-told");
const lines = [...document.querySelectorAll(".read .lines > div, .read .reasons li, .side .reasons li, .side .steps tr")];
const unseen = new Set(lines);
let held = null;
let armedAt = -Infinity;

function say(text) {
  told.textContent = text;
}

function open() {
  return unseen.size === 0;
}

function show() {
  start.setAttribute("aria-disabled", open() ? "false" : "true");
  if (open()) say("Hold START until it is filled. With a keyboard: press it twice.");
  else say(`Read the whole review first: ${unseen.size} ${unseen.size === 1 ? "line has" : "lines have"} not been in view.`);
}

function watch() {
  const bar = document.querySelector(".stopbar").getBoundingClientRect().height;
  const waiting = new Map();
  const eyes = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio } of entries) {
        clearTimeout(waiting.get(target));
        if (intersectionRatio < 0.95) continue;
        waiting.set(
          target,
          setTimeout(() => {
            unseen.delete(target);
            eyes.unobserve(target);
            show();
          }, SEEN_MS),
        );
      }
    },
    { rootMargin: `0px 0px -${Math.ceil(bar)}px 0px`, threshold: [0, 0.95] },
  );
  for (const line of lines) eyes.observe(line);
}

function toTheFirstUnseen() {
  [...unseen][0]?.scrollIntoView({ block: "center" });
}

function send() {
  start.classList.remove("held", "armed");
  start.form.requestSubmit();
}

function hold(event) {
  if (event.button !== 0) return;
  if (!open()) return toTheFirstUnseen();
  start.setPointerCapture(event.pointerId);
  start.classList.add("held");
  held = setTimeout(() => {
    held = null;
    send();
  }, HOLD_MS);
}

function release() {
  start.classList.remove("held");
  if (held === null) return;
  clearTimeout(held);
  held = null;
  say("Released too early: nothing was started. Hold START until it is filled.");
}

// A click that no pointer made: a keyboard, or a screen reader.
function pressed(event) {
  if (event.detail !== 0) return;
  if (!open()) return toTheFirstUnseen();
  const since = performance.now() - armedAt;
  if (since > AGAIN_AFTER_MS && since < AGAIN_WITHIN_MS) return send();
  if (since <= AGAIN_AFTER_MS) return;
  armedAt = performance.now();
  start.classList.add("armed");
  say("Press START once more to start.");
  setTimeout(() => {
    start.classList.remove("armed");
    show();
  }, AGAIN_WITHIN_MS);
}

if (start !== null) {
  start.addEventListener("pointerdown", hold);
  start.addEventListener("pointerup", release);
  start.addEventListener("pointercancel", release);
  start.addEventListener("click", pressed);
  start.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch
  watch();
  show();
}
