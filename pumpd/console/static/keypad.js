// One field at a time on keys as large as a gloved finger, over the page and never over STOP.
//
// A tap on a number's field opens it; whoever types on real keys, or scans a label, stays in the field, and the same rule
// (number.js) takes or refuses each key, in words and with a dull tone. The ordered values stand first, as buttons. The
// point has a place apart: beside the zero it has cost tenfold errors (ISMP 2004). One key that comes twice within 60 ms is
// a bounce and told as one, and a real key that is held down is taken once. Without this script the fields are plain, and the daemon refuses what does not fit.

import { DELETE, farFrom, finish, press } from "./number.js";

const BOUNCE_MS = 60;
const HELD = "That key is held down, or stuck. It was taken once.";
const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];
const NAMES = { ".": "point", [DELETE]: "take one away" };

let field = null; // the one that is being typed, on the pad or beside it
let pad = null;
let text = "";
let first = null; // of two typings that have to agree
let lastKey = "";
let lastAt = -Infinity;

// An alarm that comes meanwhile stands above the pad, not behind it.
const room = new ResizeObserver(([entry]) => {
  if (pad !== null) pad.style.top = `${entry.target.offsetHeight}px`;
});

function places(input) {
  return Number(input.dataset.places);
}

function labelOf(input) {
  return input.labels[0]?.textContent ?? input.name;
}

function complain(why) {
  dispatchEvent(new CustomEvent("pumpd-refused"));
  if (pad !== null) return tell(why);
  let line = field.parentElement.querySelector(`#told-${field.id}`);
  if (line === null) {
    line = document.createElement("p");
    line.id = `told-${field.id}`;
    line.className = "fault";
    line.setAttribute("role", "alert");
    field.before(line);
  }
  line.textContent = `▲ ${why}`;
}

function calm() {
  document.getElementById(`told-${field?.id}`)?.remove();
}

function element(kind, className, content) {
  const made = document.createElement(kind);
  made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

function button(className, content, act) {
  const made = element("button", className, content);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function tell(why) {
  pad.querySelector(".told").textContent = why === "" ? "" : `▲ ${why}`;
}

// Exactly what was keyed, digits in threes.
function draw() {
  const shown = pad.querySelector(".typed");
  const [whole, behind] = text.split(".");
  const threes = whole.replace(/\B(?=(\d{3})+$)/g, " ");
  shown.textContent = behind === undefined ? threes : `${threes}.${behind}`;
  shown.classList.toggle("blank", text === "");
  pad.querySelector(".said").textContent = text === "" ? "nothing typed yet" : "";
}

function take(key) {
  const answer = press(text, key, places(field));
  if (answer.why !== null) return complain(answer.why);
  text = answer.text;
  tell("");
  draw();
}

function tapped(key) {
  const now = performance.now();
  const bounced = key === lastKey && now - lastAt < BOUNCE_MS;
  [lastKey, lastAt] = [key, now];
  if (bounced) return complain("That key came twice at once. It was taken once.");
  take(key);
}

function again(why) {
  first = text;
  text = "";
  tell(why);
  draw();
}

function done() {
  const why = finish(text);
  if (why !== null) return complain(why);
  if (first === null && farFrom(text, Number(field.dataset.present ?? 0))) {
    return again(`From ${field.dataset.presentText} to ${text} is five times or more. Type it a second time.`);
  }
  if (first !== null && first !== text) {
    const before = first;
    first = null;
    text = "";
    draw();
    return complain(`${before} and then something else. Nothing was taken: begin again.`);
  }
  field.value = text;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  const then = onward(field);
  close();
  if (then !== null) open(then);
}

// Where a form asks for one number after another, the pad goes on to the next one that is still to be typed.
function onward(from) {
  if (!("onward" in (from.form?.dataset ?? {}))) return null;
  const numbers = [...from.form.querySelectorAll("input[data-places]")];
  const after = numbers.slice(numbers.indexOf(from) + 1);
  return after.find((each) => each.value === "" && each.checkVisibility() && !isLeftOut(each)) ?? null;
}

function isLeftOut(input) {
  return (input.closest(".field")?.querySelector("select.why")?.value ?? "") !== "";
}

function close() {
  const was = field;
  pad?.remove();
  document.body.classList.remove("typing");
  room.disconnect();
  pad = null;
  first = null;
  document.querySelector("main").inert = false;
  was?.focus({ preventScroll: true });
}

function open(input) {
  field = input;
  calm();
  text = "";
  first = null;
  pad = element("section", "keypad");
  pad.setAttribute("role", "main"); // the page behind it is out of reach meanwhile
  pad.setAttribute("aria-label", labelOf(input));
  const left = element("div", "entry");
  left.append(
    element("h1", "", labelOf(input)),
    element("p", "typed blank"),
    element("p", "said"),
    element("p", "before", input.dataset.before ?? ""),
    Object.assign(element("p", "told"), { role: "alert" }),
  );
  const ordered = (input.dataset.ordered ?? "").split(" ").filter(Boolean);
  if (ordered.length > 0) {
    const chips = element("div", "ordered");
    chips.append(element("p", "label", "As ordered"));
    for (const value of ordered) {
      chips.append(
        button("plain", value, () => {
          text = value;
          tell("");
          draw();
        }),
      );
    }
    left.append(chips);
  }
  const keys = element("div", "keys");
  for (const digit of DIGITS) keys.append(button(`key key-${digit}`, digit, () => tapped(digit)));
  for (const [key, sign] of [[".", "."], [DELETE, "⌫"]]) {
    const made = button(`key key-${key === "." ? "point" : key}`, sign, () => tapped(key));
    made.setAttribute("aria-label", NAMES[key]);
    keys.append(made);
  }
  keys.append(button("key-back", "Back", close), button("go key-ok", onward(input) === null ? "OK" : "Next", done));
  pad.append(left, keys);
  document.querySelector("main").after(pad);
  document.querySelector("main").inert = true;
  document.body.classList.add("typing");
  room.observe(document.querySelector(".alarms"));
  pad.tabIndex = -1;
  pad.focus({ preventScroll: true });
  draw();
}

// Real keys and scanners: in the field, or while the pad is open.
function keyed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const inField = event.target.matches?.("input[data-places]");
  if (pad === null && !inField) return;
  if (pad !== null && event.target.closest?.("button") !== null && event.key === "Enter") return;
  if (inField) [field, text] = [event.target, event.target.value];
  if (event.repeat && (event.key.length === 1 || event.key === "Backspace" || event.key === "Enter")) {
    event.preventDefault();
    return complain(HELD);
  }
  if (event.key === "Escape" && pad !== null) return close();
  if (event.key === "Enter") {
    event.preventDefault(); // a scanner ends with one: it must not send the form
    if (pad !== null) return done();
    const why = finish(text);
    if (why !== null) return complain(why);
    return next();
  }
  const key = event.key === "Backspace" ? DELETE : event.key;
  if (key !== DELETE && key.length !== 1) return;
  if (pad !== null) {
    event.preventDefault();
    return take(key);
  }
  if (key === DELETE || event.target.selectionStart !== text.length || event.target.selectionEnd !== text.length) return;
  const answer = press(text, key, places(field));
  if (answer.why === null) return calm();
  event.preventDefault();
  complain(answer.why);
}

function next() {
  const fields = [...field.form.querySelectorAll("input[data-places], select, textarea, button")];
  fields[fields.indexOf(field) + 1]?.focus();
}

addEventListener("keydown", keyed, true);
addEventListener("click", (event) => {
  const input = event.target.closest?.("input[data-places]");
  if (input && event.detail > 0) open(input);
});
