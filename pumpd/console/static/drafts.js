// What is typed and not sent is kept at the bed, and filled in again: after a sign-out, a lock, the next shift.
//
// A form says under which name it is kept (data-draft); the frame says where (data-drafts). Kept are what a person typed or
// chose, half a second after the last key and when the page is left; never a PIN, and nothing that the page itself chose.
// What comes back fills only what is empty, and says who typed it. Without this script a form is as it is sent.

const WAIT_MS = 500;
const SEND_MS = 2_000; // as long as a form waits at most for what is still being kept of it
const NOT_TYPED = ["token", "key", "author", "draft", "confirmed"]; // and what somebody did: the next one has not
const NO_ENTRY = ["hidden", "password", "submit", "button", "reset", "fieldset"];

const at = document.querySelector("[data-drafts]")?.dataset.drafts;
const forms = [...document.querySelectorAll("form[data-draft]")];
const timers = new Map(); // form -> what will keep it soon
const sending = new Map(); // form -> what is being kept
const sent = new Set(); // forms that are on their way

function entries(form) {
  return [...form.elements].filter((each) => each.name && !NOT_TYPED.includes(each.name) && !NO_ENTRY.includes(each.type));
}

// As the page came, before anybody touched it.
function isAsItCame(entry) {
  if (entry.type === "radio" || entry.type === "checkbox") return entry.checked === entry.defaultChecked;
  if (entry instanceof HTMLSelectElement) {
    const first = [...entry.options].find((each) => each.defaultSelected) ?? entry.options[0];
    return entry.value === (first?.value ?? "");
  }
  return entry.value === "";
}

function fieldsOf(form) {
  const fields = new URLSearchParams();
  for (const each of entries(form)) {
    if (isAsItCame(each) || ((each.type === "radio" || each.type === "checkbox") && !each.checked)) continue;
    fields.append(each.name, each.value);
  }
  return fields;
}

function keep(form, fields = fieldsOf(form)) {
  clearTimeout(timers.get(form));
  timers.delete(form);
  for (const name of ["token", "author"]) {
    const entry = form.elements.namedItem(name);
    if (entry !== null) fields.append(name, entry.value);
  }
  const keeping = fetch(`${at}/${form.dataset.draft}`, { method: "POST", body: fields, keepalive: true })
    .catch(() => {}) // no draft is no reason to disturb anybody
    .finally(() => sending.delete(form));
  sending.set(form, keeping);
  return keeping;
}

function touched(event) {
  const form = event.target.closest?.("form[data-draft]");
  if (!form || sent.has(form) || NOT_TYPED.includes(event.target.name)) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => keep(form), WAIT_MS));
}

// Leaving with something typed: kept at once.
function leaving() {
  for (const form of [...timers.keys()]) if (!sent.has(form)) keep(form);
}

// A form that is sent is forgotten by whoever takes it; what is still being kept of it must not come after that.
async function submitted(event) {
  const form = event.target;
  if (!("draft" in form.dataset) || sent.has(form)) return;
  clearTimeout(timers.get(form));
  timers.delete(form);
  sent.add(form);
  const keeping = sending.get(form);
  if (keeping === undefined) return;
  event.preventDefault();
  const { submitter } = event;
  await Promise.race([keeping, new Promise((late) => setTimeout(late, SEND_MS))]);
  form.requestSubmit(submitter);
}

function fill(form, { fields, told }) {
  for (const each of entries(form)) {
    const value = fields[each.name];
    if (value === undefined || !isAsItCame(each)) continue;
    if (each.type === "radio" || each.type === "checkbox") each.checked = each.value === value;
    else each.value = value;
    if (!isAsItCame(each)) each.closest("details")?.setAttribute("open", "");
  }
  const note = document.createElement("p");
  note.className = "kept";
  note.setAttribute("role", "status");
  note.append(`✎ ${told} `);
  const clear = document.createElement("button");
  clear.type = "button";
  clear.className = "quiet";
  clear.textContent = "Clear it";
  clear.addEventListener("click", () => {
    form.reset();
    note.remove();
    keep(form, new URLSearchParams());
  });
  note.append(clear);
  const title = form.querySelector("h2");
  if (title === null) form.prepend(note);
  else title.after(note);
}

// What came back from a refusal stands in the form already.
async function fillAll() {
  if (document.querySelector(".notice, .fault") !== null) return;
  const query = new URLSearchParams(forms.map((form) => ["form", form.dataset.draft]));
  const answer = await fetch(`${at}?${query}`).catch(() => null);
  if (!answer?.ok) return;
  const found = await answer.json();
  for (const form of forms) if (form.dataset.draft in found) fill(form, found[form.dataset.draft]);
}

if (at !== undefined && forms.length > 0) {
  addEventListener("input", touched);
  addEventListener("change", touched);
  addEventListener("submit", submitted);
  addEventListener("pagehide", leaving);
  addEventListener("visibilitychange", () => document.hidden && leaving());
  fillAll();
}
