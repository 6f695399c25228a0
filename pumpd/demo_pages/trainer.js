// What is live on these pages is fetched anew every two seconds; the buttons stay, and so does whatever has the focus.
const EVERY_MS = 2000;

async function look() {
  const answer = await fetch(location.href).catch(() => null);
  document.body.classList.toggle("gone", !answer);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = page.getElementById(part.id);
    if (next && next.innerHTML !== part.innerHTML) part.innerHTML = next.innerHTML;
  }
}

setInterval(look, EVERY_MS);
