"use strict";

// Shows changes as they happen: the server tells that there was one, then the page
// is fetched again. Without this script, reloading it shows the same.

const live = document.querySelector("#live");
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
let stale = false;
let busy = false;

function say(text, on) {
  live.textContent = text;
  live.toggleAttribute("data-on", Boolean(on));
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error("The server answers with status " + answer.status + ".");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main[data-version]");
  if (!main) throw new Error("The server answers with another page.");
  const focused = document.activeElement?.href;
  document.querySelector("main").replaceWith(main);
  if (focused) [...document.links].find((link) => link.href === focused)?.focus();
}

// changed fetches the page, once for all changes that come in the meantime.
async function changed() {
  stale = true;
  if (busy) return;
  busy = true;
  while (stale) {
    stale = false;
    try {
      await pause(Math.random()); // not all who watch at the same moment
      await refresh();
      say("Live", true);
    } catch (problem) {
      say("This page is not up to date. " + problem.message);
      stale = true; // no event may come for it again
      await pause(5);
    }
  }
  busy = false;
}

function watch() {
  const events = new EventSource(location.pathname + "/events");
  events.onopen = () => say("Live", true);
  events.onmessage = (event) => {
    if (event.data !== document.querySelector("main").dataset.version) changed();
  };
  events.onerror = () => {
    say("Not live: reload this page to see changes.");
    // What the browser has given up is tried again later.
    if (events.readyState === EventSource.CLOSED) pause(30).then(watch);
  };
}

watch();
