// A wait that was told by the server runs on in the page: how long a premedication still has to act.
//
// It counts on the browser's own timer from what it was when the page came, and never decides anything: the bed does, when
// somebody wants to start.

const FROM_MS = performance.now();
const waits = [...document.querySelectorAll("[data-left-s]")];

function text(left) {
  const minutes = Math.floor(left / 60);
  const seconds = left % 60;
  return [minutes > 0 ? `${minutes} min` : "", seconds > 0 || minutes === 0 ? `${seconds} s` : ""].filter(Boolean).join(" ");
}

function tick() {
  const gone = Math.floor((performance.now() - FROM_MS) / 1_000);
  for (const wait of waits) {
    const left = Math.max(0, Number(wait.dataset.leftS) - gone);
    wait.textContent = left > 0 ? `${text(left)} left to act` : "it has had its time";
  }
}

if (waits.length > 0) setInterval(tick, 1_000);
