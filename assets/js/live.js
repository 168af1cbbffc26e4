// What runs behind, followed over one stream a tab: how many jobs run, what came to its end, and when a part of the page is
// to be asked for again. Loaded where something is followed; without it pages ask now and then.
'use strict';
(() => {
  const working = document.querySelector('#working'), parts = () => document.querySelectorAll('[data-live]');
  const make = (tag, props, ...inside) => { const e = Object.assign(document.createElement(tag), props); e.append(...inside); return e; };
  // The page's own script lets it go after a while, as it does with what came with a part of the page.
  const say = ({ text, good }) => {
    const toast = make('div', { className: good ? 'toast' : 'toast error' }, make('p', {}, text), make('button', { type: 'button', className: 'btn small close' }, 'Close'));
    toast.dataset.toast = good ? 'short' : 'stay';
    if (!good) toast.role = 'alert';
    document.querySelector('#toasts').append(toast);
    document.dispatchEvent(new Event('htmx:after:swap'));
  };
  let stream;
  const follow = () => {
    if (working.hidden && !parts().length) { stream?.close(); stream = null; return; }
    if (stream) return;
    stream = new EventSource('/admin/jobs/stream');
    stream.onmessage = (e) => {
      const told = JSON.parse(e.data);
      working.querySelector('b').textContent = told.running;
      working.hidden = !told.running;
      told.over.forEach(say);
      for (const part of parts()) part.dispatchEvent(new Event('live'));
      follow();
    };
  };
  if (working) { document.addEventListener('htmx:after:swap', follow); follow(); }
})();
