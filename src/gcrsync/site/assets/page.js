// @ts-check
"use strict";

/** What a page gets that a script is needed for: buttons that copy the command of a pull, and ages beside days. */

(() => {
  const DAY = 24 * 60 * 60 * 1000;
  const copied = /** @type {HTMLElement} */ (document.getElementById("copied"));
  let shown = 0;

  /** @param {string} text */
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea"); // where the page is not trusted with the clipboard itself
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    copied.textContent = `Copied: ${text}`;
    clearTimeout(shown);
    shown = setTimeout(() => copied.replaceChildren(), 4000);
  }

  /** @param {string} word @param {string} label @param {string} command */
  function button(word, label, command) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "copy";
    made.textContent = word;
    made.title = command;
    made.dataset.command = command;
    made.setAttribute("aria-label", label);
    return made;
  }

  /** @param {HTMLTableElement} table */
  function addButtons(table) {
    const mirror = table.dataset.mirror;
    for (const row of table.tBodies[0].rows) {
      if (row.classList.contains("absent")) continue;
      const tag = row.cells[0].textContent;
      const digest = row.cells[1].querySelector("code")?.textContent;
      const pull = button("pull", `Copy the pull command of ${tag}`, `docker pull ${mirror}:${tag}`);
      const pinned = button("pinned", `Copy the pull command of ${tag}, pinned by its digest`, `docker pull ${mirror}@${digest}`);
      row.cells[1].prepend(pull, pinned);
    }
  }

  /** @param {string} day @returns {string} */
  function age(day) {
    const days = Math.floor((Date.now() - Date.parse(day)) / DAY);
    if (!(days >= 0)) return "";
    if (days < 1) return "today";
    if (days < 60) return `${days} d`;
    return days < 730 ? `${Math.floor(days / 30.44)} mo` : `${Math.floor(days / 365.25)} y`;
  }

  document.addEventListener("click", (event) => {
    const pressed = event.target instanceof Element ? event.target.closest("button.copy") : null;
    if (pressed instanceof HTMLButtonElement && pressed.dataset.command) copy(pressed.dataset.command);
  });
  for (const table of document.querySelectorAll("table[data-mirror]")) addButtons(/** @type {HTMLTableElement} */ (table));
  for (const time of document.querySelectorAll("td time")) {
    const text = age(time.textContent ?? "");
    if (!text) continue;
    const note = document.createElement("small");
    note.textContent = text;
    time.after(" ", note);
  }
})();
