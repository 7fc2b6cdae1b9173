"use strict";
// Every page works without this file. It adds keys, and says when there is something new.
const rows = () => [...document.querySelectorAll("[data-alert]")];
const chosen = () => document.querySelector("[data-chosen]");
function choose(row) {
  chosen()?.removeAttribute("data-chosen");
  row?.setAttribute("data-chosen", "");
  row?.scrollIntoView({ block: "nearest" });
  row?.querySelector("a")?.focus({ preventScroll: true });
}
const step = (by) => choose(rows()[Math.max(0, Math.min(rows().length - 1, rows().indexOf(chosen()) + by))]);
const answer = (kind) => (chosen() ?? rows()[0])?.querySelector(`button[value="${kind}"]`)?.click();
const keys = {
  j: () => step(1), k: () => step(-1), o: () => chosen()?.querySelector("a")?.click(),
  a: () => answer("ack"), s: () => answer("snooze"), u: () => answer("useful"), n: () => answer("noise"),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  "?": () => document.getElementById("keys")?.toggleAttribute("open"),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (Object.hasOwn(keys, event.key)) { event.preventDefault(); keys[event.key](); }
});
const { base, change } = document.documentElement.dataset;
const live = document.getElementById("live");
// A page that nobody renews must not go on to say that nothing needs an answer.
const notices = { 200: "Something new · show it", 304: "", 401: "You are logged out · log in" };
let missed = 0;
if (live) setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch(`${base}/changes?since=${change}`).catch(() => null);
  const notice = notices[answer?.status];
  missed = notice === undefined ? missed + 1 : 0;
  if (missed === 1 || missed === 2) return;
  live.textContent = notice ?? "tocsin does not answer · try again";
  live.hidden = !live.textContent;
}, 10_000);
const editor = document.querySelector("textarea[data-check]");
let typed;
async function check() {
  const body = new URLSearchParams(new FormData(editor.form));
  const answer = await fetch(editor.dataset.check, { method: "POST", body }).catch(() => null);
  if (answer?.status === 503) typed = setTimeout(check, 1000);
  else if (answer?.ok) document.getElementById("complaints").innerHTML = await answer.text();
}
editor?.addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(check, 400); });
for (const button of document.querySelectorAll("[data-copy]")) {
  const from = document.getElementById(button.dataset.copy);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", () => navigator.clipboard.writeText(from.value ?? from.textContent));
}
