// What runs behind, followed over one stream a tab: how many jobs run, what came to its end, and when a part of the page is
// to be asked for again. Loaded where something is followed; without it pages ask now and then.
'use strict';
(() => {
  const working = document.querySelector('#working'), parts = () => document.querySelectorAll('[data-live]');
  let stream;
  const follow = () => {
    if (working.hidden && !parts().length) { stream?.close(); stream = null; return; }
    if (stream) return;
    stream = new EventSource('/admin/jobs/stream');
    stream.onmessage = (e) => {
      const told = JSON.parse(e.data);
      working.querySelector('b').textContent = told.running;
      working.hidden = !told.running;
      for (const over of told.over) document.dispatchEvent(new CustomEvent('say', { detail: [over.text, !over.good] }));
      for (const part of parts()) part.dispatchEvent(new Event('live'));
      follow();
    };
  };
  if (working) { document.addEventListener('htmx:after:swap', follow); follow(); }
})();
