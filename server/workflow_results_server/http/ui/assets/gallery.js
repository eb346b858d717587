// The plots of a result: images one by one, or where they are.

import { plotUrl, session } from "./api.js";
import { html, Notice, use, useEffect, useState } from "./dom.js";
import { whole } from "./format.js";

const IMAGE = /\.(png|jpe?g|webp)$/i;

/** Where a product or a plot is: a link where that leads somewhere from here. */
export function Place({ where }) {
  const text = typeof where === "string" ? where : whole(where);
  return /^https?:\/\//i.test(text) ? html`<a href=${text} target="_blank" rel="noopener noreferrer">${text}</a>` : html`<code>${text}</code>`;
}

export function Gallery({ pipeline, result }) {
  const who = use(session);
  const plots = Array.isArray(result.plots) ? result.plots : [];
  const [at, setAt] = useState(0);
  const [failed, setFailed] = useState({});
  useEffect(() => {
    setAt(0);
    setFailed({});
  }, [pipeline, result.id]);
  if (!plots.length) return html`<${Notice}>This result has no plots.</${Notice}>`;
  const place = Math.min(at, plots.length - 1);
  const name = String(plots[place]).split("/").at(-1);
  const url = plotUrl(pipeline, result.id, place);
  const isShown = who?.plots && IMAGE.test(name) && !failed[place];
  const turn = (by) => setAt((place + by + plots.length) % plots.length);
  const onKeyDown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      event.stopPropagation();
      turn(by);
    }
  };
  return html`
    <figure class="gallery" tabindex="0" aria-label="Plots" onKeyDown=${onKeyDown}>
      ${isShown
        ? html`<a href=${url} target="_blank" rel="noopener"><img key=${url} src=${url} alt=${name} onError=${() => setFailed({ ...failed, [place]: true })} /></a>`
        : html`<p class="notice">
            ${!who?.plots
              ? "This server shows no plots: it was started without --plots-root."
              : failed[place]
                ? "There is no such image in the directory of plots."
                : html`Only images are shown. <a href=${url}>Save ${name}</a>`}
          </p>`}
      <figcaption>
        <span><${Place} where=${plots[place]} /></span>
        ${plots.length > 1 &&
        html`<div class="steps">
          <button aria-label="Previous plot" onClick=${() => turn(-1)}>←</button>
          <span>${place + 1} of ${plots.length}</span>
          <button aria-label="Next plot" onClick=${() => turn(1)}>→</button>
        </div>`}
      </figcaption>
    </figure>
  `;
}
