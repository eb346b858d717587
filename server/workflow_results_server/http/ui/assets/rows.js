// The rows of a table: pages of results, loaded where somebody looks, and what has come since at their head.

import { ask, list, lines } from "./api.js";
import { signal } from "./dom.js";

const PAGE = 200;
const RANKED = 10000;
const HEAD = 20000;
const MANY = 2000000;
// More rows than that are higher than browsers can scroll.
export const MOST_ROWS = 500000;

/** The results that match a query, by place; `changed` tells when there is more to see. */
export class Rows {
  /** @param {{pipeline: string, query: string, fields: string[], sort: ?{by: string, ascending: boolean}}} asked */
  constructor(asked, count, before) {
    this.asked = asked;
    this.changed = signal(0);
    this.error = null;
    this.loading = true;
    this.head = [];
    this.isFull = false;
    // Where only other fields are asked for, the table keeps its height, and so its place.
    this.total = before ? before.length : 0;
    this.exact = before ? before.exact : false;
    this.places = new Map();
    this.pages = new Map();
    this.aborting = new AbortController();
    /** Kept once there is something to see. */
    this.ready = new Promise((resolve) => (this.settle = resolve));
    if (asked.sort) {
      this.total = 0;
      this.rank();
    }
    else {
      this.load(0);
      this.count(count);
    }
  }

  close() {
    this.aborting.abort();
  }

  get length() {
    return Math.min(this.head.length + this.total, MOST_ROWS);
  }

  /** Return the row at a place; undefined while it is loading. */
  at(place) {
    if (place < this.head.length) return this.head[place];
    const base = place - this.head.length;
    return this.pages.get(Math.floor(base / PAGE))?.rows[base % PAGE];
  }

  /** Load what is missing between two places. */
  want(from, to) {
    if (this.asked.sort) return;
    const first = Math.max(0, from - this.head.length);
    const last = Math.max(0, to - this.head.length);
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) {
      if (!this.pages.has(page) && page * PAGE < this.total) this.load(page);
    }
  }

  async load(page) {
    const own = { rows: [] };
    this.pages.set(page, own);
    const { pipeline, query, fields } = this.asked;
    try {
      const where = this.place(page);
      const rows = await list("api/results", { pipeline, query, fields, limit: PAGE, ...where }, this.aborting.signal);
      this.error = null;
      if (this.pages.get(page) === own) this.fill(page, rows);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (this.pages.get(page) === own) this.pages.delete(page);
      this.error = error;
    }
    if (page === 0) {
      this.loading = false;
      this.settle();
    }
    this.tell();
  }

  /** Take in a page; what was loaded around it at another moment may overlap with it, and is loaded again. */
  fill(page, rows) {
    const [before, behind] = [page - 1, page + 1].map((at) => this.pages.get(at)?.rows ?? []);
    if (before.length && rows.length && rows[0].id >= before.at(-1).id) {
      this.forget(before.length < PAGE ? page - 1 : page);
      return;
    }
    if (behind.length && rows.length && rows.at(-1).id <= behind[0].id) this.forget(page + 1);
    this.pages.set(page, { rows });
    for (const row of rows) this.places.set(row.id, row);
    const end = page * PAGE + rows.length;
    if (rows.length < PAGE) {
      this.total = end;
      this.exact = true;
    } else this.total = Math.max(this.total, this.exact ? end : end + 1);
    if (page === 0 && rows.length) this.settleHead(rows[0].id);
  }

  /** Put what came while the first page was loaded where it belongs, unless that page holds it. */
  settleHead(first) {
    const early = this.head.filter(({ id }) => id <= first);
    this.head = this.head.filter(({ id }) => id > first);
    const held = new Set(this.pages.get(0).rows.map(({ id }) => id));
    for (const result of early) if (!held.has(result.id)) this.insert(result);
  }

  /** Forget a page and all behind it: they are loaded again when somebody looks, and not as they are on their way. */
  forget(from) {
    for (const page of [...this.pages.keys()]) if (page >= from) this.pages.delete(page);
  }

  /** Return where a page begins: behind the last id before it, or so many behind the first one of all. */
  place(page) {
    const before = this.pages.get(page - 1)?.rows;
    if (before?.length === PAGE) return { after: before[PAGE - 1].id };
    const first = this.pages.get(0)?.rows[0];
    return page && first ? { after: first.id, skip: page * PAGE - 1 } : { skip: page * PAGE };
  }

  async count(known) {
    const { pipeline, query } = this.asked;
    try {
      // An exact count of a very large pipeline would take long, and tell nobody more than the one of its metadata.
      const all = query ? 0 : await known();
      const count = all > MANY ? all : (await ask("api/count", { pipeline, query }, this.aborting.signal)).count;
      this.total = Math.max(count, this.pages.get(0)?.rows.length ?? 0);
      this.exact = true;
    } catch {
      // Without a number, the table grows as one goes down; what is wrong with the query is said by its first page.
    }
    this.tell();
  }

  async rank() {
    const { pipeline, query, fields, sort } = this.asked;
    const body = { pipeline, query, fields, by: sort.by, ascending: sort.ascending, limit: RANKED };
    let told = performance.now();
    try {
      for await (const row of lines("api/top", body, this.aborting.signal)) {
        const page = Math.floor(this.total / PAGE);
        if (!this.pages.has(page)) this.pages.set(page, { rows: [] });
        this.pages.get(page).rows.push(row);
        this.places.set(row.id, row);
        this.total += 1;
        if (performance.now() - told > 100) {
          told = performance.now();
          this.tell();
        }
      }
      this.exact = true;
    } catch (error) {
      if (error.name === "AbortError") return;
      this.error = error;
    }
    this.loading = false;
    this.settle();
    this.tell();
  }

  /** Whether there may be more than what was ranked. */
  get isCut() {
    return Boolean(this.asked.sort) && this.total === RANKED;
  }

  /** Whether a result comes before all that were loaded. */
  isNewer(id) {
    const first = this.head[0] ?? this.pages.get(0)?.rows[0];
    return !this.asked.sort && (!first || id > first.id);
  }

  /** Take in what has happened to a result; return how many rows are new at the head. */
  take(event, result) {
    const known = this.places.get(event.id);
    if (known) {
      if (event.kind === "deleted") known.gone = true;
      else if (result) replaceFields(known, result);
      known.touched = Date.now();
      return 0;
    }
    if (event.kind !== "deposited" || !result || this.asked.sort) return 0;
    if (this.head.length >= HEAD) {
      this.isFull = true;
      return 0;
    }
    result.touched = Date.now();
    this.places.set(result.id, result);
    const first = this.pages.get(0)?.rows[0];
    if (first && result.id < first.id) {
      this.insert(result);
      return 0;
    }
    this.head.splice(placeOf(result.id, this.head), 0, result);
    return 1;
  }

  /** Put a result between those that were loaded: ids need not come in their order. */
  insert(result) {
    this.total += 1;
    const { id } = result;
    const isWithin = ([, { rows }]) => rows.length && rows[0].id > id && (rows.length < PAGE || rows.at(-1).id < id);
    const found = [...this.pages].find(isWithin);
    if (!found) {
      // Where it stands was not loaded, or is being loaded. What is behind it has moved.
      for (const [page, { rows }] of [...this.pages]) if (!rows.length || rows[0].id < id) this.pages.delete(page);
      return;
    }
    let [page, { rows }] = found;
    rows.splice(placeOf(id, rows), 0, result);
    while (rows.length > PAGE) {
      const moved = rows.pop();
      page += 1;
      rows = this.pages.get(page)?.rows ?? [];
      if (rows.length) rows.unshift(moved);
      else this.forget(page); // it begins with this one when it is loaded
    }
  }

  tell() {
    this.changed.value += 1;
  }
}

/** Return where a result belongs among others, of which the highest id comes first. */
function placeOf(id, rows) {
  const place = rows.findIndex((row) => row.id < id);
  return place < 0 ? rows.length : place;
}

function replaceFields(row, result) {
  for (const name of Object.keys(row)) delete row[name];
  Object.assign(row, result);
}
