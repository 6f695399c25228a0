// What is heard of the alarms, and how anybody sees that nothing would be heard.
//
// The melodies are those of drug delivery by IEC 60601-1-8 as Open PCA 1.0.0 has them: HIGH is C d g - C d, twice (ten
// pulses), MEDIUM is C d g, LOW is e c. Which of them is due comes from the daemon with every view; this only plays.
//
// A browser makes no sound before somebody has touched the page. Until it really can, the page says SOUND OFF across its
// whole width. Signing in is such a touch: the page behind it plays a test tone, so that a mute loudspeaker is noticed.
// The sound counts as on for a day from a test tone that somebody was there to hear, and then has to be turned on again.
// A page that has lost the bed sounds too, since a silent page would be taken for a calm bed.
//
// The bed starts no drug while no page would be heard. So this page says that its sound is on, under a name of its own, when
// it is turned on and then with every few words that it hears of the bed: the browser's timers sleep in a hidden page, the
// stream's events do not. It says so at once when the sound goes off.

const C5 = 523.25;
const D4 = 293.66;
const G4 = 392;
const E4 = 329.63;
const C4 = 261.63;
const BURST = [[C5, 0], [D4, 0.25], [G4, 0.5]];
const MELODIES = {
  high: { notes: [...BURST, [C5, 1], [D4, 1.25], ...[...BURST, [C5, 1], [D4, 1.25]].map(([f, at]) => [f, at + 2.2])], every: 8_000 },
  medium: { notes: BURST, every: 15_000 },
  low: { notes: [[E4, 0], [C4, 0.3]], every: 30_000 },
};
const TEST_TONE = [[C4, 0], [E4, 0.15], [G4, 0.3]];
const REFUSED = [[130, 0], [110, 0.12]]; // a key that did nothing: dull, and no melody of an alarm
const PULSE_S = 0.16;
const LOUD = 0.5;
const QUIET = 0.12; // in a quiet room, for all but HIGH
const LOST_MS = 10_000; // without a word of the bed
const TOUCHED = "pumpd-touched";
const JUST_SIGNED_IN = "pumpd-test-tone";
const TESTED_AT = "pumpd-tested-at";
const TESTED_FOR_MS = 24 * 3_600_000;
const TELL_MS = 3_000; // the console counts a page for 9 s (console/ears.py)
const PAGE = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const root = document.documentElement;
const bar = document.getElementById("sound-off");
let context = null;
let due = root.dataset.sound;
let playedAt = -Infinity;
let playing = "";
let heardAt = performance.now();
let told = false; // what the console was told last, and when
let toldAt = -Infinity;

function tested() {
  const since = Date.now() - Number(sessionStorage.getItem(TESTED_AT));
  return since >= 0 && since < TESTED_FOR_MS;
}

function armed() {
  return context !== null && context.state === "running" && tested();
}

async function tell() {
  const now = performance.now();
  if (told === armed() && (!told || now - toldAt < TELL_MS)) return;
  told = armed();
  toldAt = now;
  const said = new URLSearchParams({ page: PAGE, armed: told ? "yes" : "no" });
  try {
    await fetch("/sound", { method: "POST", body: said, signal: AbortSignal.timeout(TELL_MS) });
  } catch {
    toldAt = -Infinity; // with the next word of the bed
  }
}

function show() {
  if (bar !== null) bar.hidden = armed();
  root.dataset.armed = armed() ? "yes" : "no";
  tell();
}

function play(notes, loudness) {
  const begin = context.currentTime + 0.05;
  for (const [frequency, at] of notes) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = "triangle"; // odd overtones: heard through a closed door, and where a sine would be masked
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0, begin + at);
    gain.gain.linearRampToValueAtTime(loudness, begin + at + 0.02);
    gain.gain.setValueAtTime(loudness, begin + at + PULSE_S - 0.03);
    gain.gain.linearRampToValueAtTime(0, begin + at + PULSE_S);
    tone.connect(gain).connect(context.destination);
    tone.start(begin + at);
    tone.stop(begin + at + PULSE_S);
  }
}

function loudness(priority) {
  return root.dataset.theme === "quiet" && priority !== "high" ? QUIET : LOUD;
}

async function arm(withTone) {
  context ??= new AudioContext();
  context.onstatechange = show;
  if (context.state !== "running") await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 500))]);
  if (context.state === "running") {
    sessionStorage.setItem(TOUCHED, "1");
    if (withTone) {
      play(TEST_TONE, LOUD);
      sessionStorage.setItem(TESTED_AT, String(Date.now()));
    }
  }
  show();
  sound();
}

function sound() {
  const now = performance.now();
  const wanted = now - heardAt > LOST_MS ? "medium" : due;
  if (wanted === "") playing = "";
  if (!armed() || wanted === "") return;
  if (wanted === playing && now - playedAt < MELODIES[wanted].every) return;
  playing = wanted;
  playedAt = now;
  root.dataset.played = String(Number(root.dataset.played ?? 0) + 1);
  play(MELODIES[wanted].notes, loudness(wanted));
}

document.querySelector("form.signform")?.addEventListener("submit", () => sessionStorage.setItem(JUST_SIGNED_IN, "1"));
document.getElementById("sound-on")?.addEventListener("click", () => arm(true));
for (const touch of ["pointerdown", "keydown"]) {
  addEventListener(touch, (event) => event.target.closest?.("#sound-on") || armed() || arm(false));
}
addEventListener("pumpd-refused", () => armed() && play(REFUSED, QUIET));
addEventListener("pumpd-heard", (event) => {
  heardAt = performance.now();
  due = event.detail.sound ?? due; // a daemon that is gone says nothing of alarms: the last ones stand
  tell();
  sound();
});

// A context that is made before a touch is refused aloud in the browser's own log, so it waits for one, unless an earlier
// page of this browser was touched: then the browser allows it, or says that it does not, and so does the bar.
const signedIn = sessionStorage.getItem(JUST_SIGNED_IN) !== null && document.querySelector("form.signform") === null;
if (signedIn) sessionStorage.removeItem(JUST_SIGNED_IN);
show();
if (signedIn || sessionStorage.getItem(TOUCHED) !== null) arm(signedIn);
setInterval(() => {
  if ((root.dataset.armed === "yes") !== armed()) show(); // the test tone was a day ago
  sound();
}, 500);
