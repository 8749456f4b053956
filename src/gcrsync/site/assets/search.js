// @ts-check
"use strict";

/**
 * Finds images by words of their names, as `gcrsync search` does. What it looks through is loaded once somebody begins to type,
 * as a script: a page that stands on a disk may read nothing else.
 *
 * @typedef {[repository: string, mirror: string, page: string, tags: string]} Entry
 * @typedef {{entry: Entry, name: string, last: string, page: string, lines: string, count: number}} Image  in lower case: both names,
 *   the last part of the first, and the tags, each between line breaks; and how many these are
 * @typedef {{image: Image, nearness: number, starts: number[], count: number}} Hit  where the first tags that fit begin, how many do
 */

(() => {
  const MOST_REPOSITORIES = 25;
  const MOST_TAGS = 8;
  const ON_A_PAGE = 500;
  const MARKS = { "!": "held", "~": "gone" };

  const root = document.documentElement.dataset.root ?? "./";
  const field = /** @type {HTMLInputElement} */ (document.getElementById("q"));
  const answer = /** @type {HTMLElement} */ (document.getElementById("answer"));
  const results = /** @type {HTMLElement} */ (document.getElementById("results"));

  /** @type {Promise<Image[]> | undefined} */
  let loading;

  /** @returns {Promise<Image[]>} */
  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = root + document.documentElement.dataset.names;
      script.onload = () => resolve(prepared(/** @type {any} */ (globalThis).gcrsyncNames));
      script.onerror = () => {
        loading = undefined;
        reject(new Error("not loaded"));
      };
      document.head.append(script);
    });
    return loading;
  }

  /** @param {Entry[]} entries @returns {Image[]} */
  function prepared(entries) {
    return entries.map((entry) => {
      const [repository, mirror, page, tags] = entry;
      const name = repository.toLowerCase();
      return {
        entry,
        name: [name, mirror.toLowerCase()].join(" "),
        last: name.slice(name.lastIndexOf("/") + 1),
        page: encodeURI(root + page),
        lines: tags ? ["", tags.toLowerCase(), ""].join("\n") : "",
        count: tags ? tags.split("\n").length : 0,
      };
    });
  }

  /**
   * Parts words for names and tags from those for tags alone: of `a:v1` the second is one.
   * @param {string} text @returns {{names: string[], tags: string[]}}
   */
  function parted(text) {
    /** @type {string[]} */ const names = [];
    /** @type {string[]} */ const tags = [];
    for (const word of text.toLowerCase().split(/\s+/)) {
      const colon = word.lastIndexOf(":");
      const isPair = colon >= 0 && !word.includes("/", colon);
      names.push(isPair ? word.slice(0, colon) : word);
      tags.push(isPair ? word.slice(colon + 1) : "");
    }
    return { names: names.filter(Boolean), tags: tags.filter(Boolean) };
  }

  /** @param {Image[]} images @param {string} text @returns {Hit[]} best first */
  function search(images, text) {
    const { names, tags } = parted(text);
    /** @type {Hit[]} */ const hits = [];
    for (const image of images) {
      const wanted = tags.concat(names.filter((word) => !image.name.includes(word)));
      const found = fitting(image, wanted);
      if (found.count) hits.push({ image, nearness: nearness(image, names), ...found });
    }
    return hits.sort((one, other) => one.nearness - other.nearness || (one.image.name < other.image.name ? -1 : 1));
  }

  /**
   * Finds the tags that have all the words in them, and the first of these; before them the one that is the word.
   * @param {Image} image @param {string[]} words @returns {{starts: number[], count: number}}
   */
  function fitting(image, words) {
    const { lines } = image;
    if (!words.length) return { starts: firstOf(lines), count: image.count };
    const [longest, ...others] = [...words].sort((one, other) => other.length - one.length);
    const same = others.length ? -1 : lines.indexOf(`\n${longest}\n`);
    const starts = same < 0 ? [] : [same + 1];
    let count = 0;
    for (let at = lines.indexOf(longest), end = 0; at >= 0; at = lines.indexOf(longest, end)) {
      const start = lines.lastIndexOf("\n", at) + 1;
      end = lines.indexOf("\n", at);
      if (!others.length || others.every((word) => lines.slice(start, end).includes(word))) {
        count += 1;
        if (starts.length < MOST_TAGS && start !== starts[0]) starts.push(start);
      }
    }
    return { starts, count };
  }

  /** @param {string} lines @returns {number[]} where the first tags begin */
  function firstOf(lines) {
    /** @type {number[]} */ const starts = [];
    for (let at = 1; at < lines.length && starts.length < MOST_TAGS; at = lines.indexOf("\n", at) + 1) starts.push(at);
    return starts;
  }

  /** @param {Image} image @param {string[]} names @returns {number} less is nearer */
  function nearness(image, names) {
    const each = names.map((word) => (image.last === word ? 0 : image.last.startsWith(word) ? 1 : 2)).sort();
    return each.reduce((sum, one) => sum * 3 + one, 0);
  }

  /**
   * Gives a tag with what its mark says and the address of its row.
   * @param {Image} image @param {number} start
   */
  function tagAt(image, start) {
    const text = image.entry[3].slice(start - 1, image.lines.indexOf("\n", start) - 1);
    const mark = /** @type {Record<string, string>} */ (MARKS)[text.slice(-1)] ?? "";
    const tag = mark ? text.slice(0, -1) : text;
    const before = image.count > ON_A_PAGE ? image.lines.slice(0, start).split("\n").length - 2 : 0;
    const number = Math.floor(before / ON_A_PAGE) + 1;
    const page = number === 1 ? image.page : image.page.replace(/index\.html$/, `~${number}.html`);
    return { tag, mark, address: `${page}#tag-${tag}` };
  }

  /** @param {string} text @param {string} address */
  function link(text, address) {
    const made = document.createElement("a");
    made.href = address;
    made.textContent = text;
    return made;
  }

  /** @param {string} kind @param {string} text @param {string} [name] */
  function element(kind, text, name) {
    const made = document.createElement(kind);
    made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  /** @param {Hit} hit */
  function shown(hit) {
    const [repository, mirror] = hit.image.entry;
    const item = document.createElement("li");
    const tags = document.createElement("ul");
    for (const start of hit.starts) {
      const { tag, mark, address } = tagAt(hit.image, start);
      const line = document.createElement("li");
      line.append(link(tag, address));
      if (mark) line.append(" ", element("small", mark));
      tags.append(line);
    }
    const more = hit.count - hit.starts.length;
    if (more) tags.append(element("li", `and ${number(more)} more`));
    item.append(link(repository, hit.image.page));
    if (mirror !== repository) item.append(element("span", mirror, "mirror"));
    item.append(tags);
    return item;
  }

  /** @param {number} count @returns {string} as `toLocaleString` has it, which takes a tenth of a second the first time */
  function number(count) {
    return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  /** @param {number} count @param {string} one @param {string} many */
  function counted(count, one, many) {
    return `${number(count)} ${count === 1 ? one : many}`;
  }

  /** @param {Hit[]} hits */
  function show(hits) {
    const list = document.createElement("ul");
    list.append(...hits.slice(0, MOST_REPOSITORIES).map(shown));
    results.replaceChildren(list);
    results.hidden = !hits.length;
    const tags = hits.reduce((sum, hit) => sum + hit.count, 0);
    const most = hits.length > MOST_REPOSITORIES ? `, of which the best ${MOST_REPOSITORIES} are shown` : "";
    const found = `${counted(hits.length, "repository", "repositories")}, ${counted(tags, "tag", "tags")}${most}`;
    answer.textContent = hits.length ? found : "Nothing on record fits.";
  }

  async function update() {
    const text = field.value.trim();
    if (!text) {
      results.hidden = true;
      answer.textContent = "";
      return;
    }
    if (!loading) answer.textContent = "Loading the names…";
    try {
      const images = await load();
      if (text !== field.value.trim()) return; // something else was typed meanwhile
      const begun = performance.now();
      show(search(images, text));
      performance.measure("search", { start: begun });
    } catch {
      answer.textContent = "The names could not be loaded; type again to try once more.";
    }
  }

  /** Keeps what is searched in the address, where it can be shared, and found by who comes back. */
  function keep() {
    const address = new URL(location.href);
    const text = field.value.trim();
    if (text) address.searchParams.set("q", text);
    else address.searchParams.delete("q");
    if (address.href !== location.href) history.replaceState(null, "", address);
  }

  /** @param {number} step */
  function move(step) {
    const stops = [field, ...(results.hidden ? [] : results.querySelectorAll("a"))];
    const now = stops.indexOf(/** @type {any} */ (document.activeElement));
    if (now >= 0) stops[Math.min(Math.max(now + step, 0), stops.length - 1)].focus();
  }

  field.addEventListener("input", update);
  field.addEventListener("change", keep); // not with each key: browsers allow only so many changes of an address
  field.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.click();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey;
    const isAtSearch = event.target === field || results.contains(/** @type {Node} */ (event.target));
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      field.focus();
      field.select();
    } else if (isAtSearch && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (isAtSearch && event.key === "Escape") {
      field.value = "";
      field.focus();
      update();
      keep();
    }
  });

  document.documentElement.classList.add("scripted");
  field.value = new URLSearchParams(location.search).get("q") ?? field.value;
  update();
})();
