// A list of numbers as a small curve.

import { html } from "./dom.js";
import { kindOf, numberOf } from "./format.js";

const LEAST = 8;
const MOST = 4096;

export function Spark({ values }) {
  const numbers = values.map(numberOf).filter(Number.isFinite);
  const least = Math.min(...numbers);
  const span = Math.max(...numbers) - least || 1;
  const points = values
    .map((value, at) => [at, numberOf(value)])
    .filter(([, number]) => Number.isFinite(number))
    .map(([at, number]) => `${((at / (values.length - 1)) * 160).toFixed(1)},${(23 - ((number - least) / span) * 22).toFixed(1)}`);
  return html`<svg class="spark" viewBox="0 0 160 24" aria-hidden="true"><polyline points=${points.join(" ")} /></svg>`;
}

/** Whether a value is a list of numbers that is worth a drawing. */
export function isCurve(value) {
  if (kindOf(value) !== "list" || value.length < LEAST || value.length > MOST) return false;
  return value.every((each) => kindOf(each) === "number") && value.filter((each) => Number.isFinite(numberOf(each))).length > 1;
}
