// At the packing table: a scanned code ticks off an item, opens another order, or is the number of the parcel. Loaded
// where an order can be shipped; without it codes are typed into the form. A scanner types faster than hands do, and ends
// with Enter: that never sends the form, because the customer is written to when it is sent.
'use strict';
(() => {
  const form = document.querySelector('[data-ship]');
  if (!form) return;
  const { tracking, carrier } = form.elements, send = form.querySelector('.pri');
  const rows = [...document.querySelectorAll('tr[data-codes]')], told = document.querySelector('[data-packed]');
  const LAST = 'draft:' + (document.body.dataset.user || '') + ':carrier';
  const CODE = /^#?\d{4,}$|^[^\s]{6,}$/;

  // Most parcels of a shop go with one carrier. It is forgotten with the sign-out.
  try { carrier.value ||= localStorage.getItem(LAST) || ''; } catch {}
  form.addEventListener('submit', () => { try { localStorage.setItem(LAST, carrier.value); } catch {} });

  // One barcode may be written with zeros before it, and one code may stand on several lines.
  const plain = (code) => code.trim().toLowerCase().replace(/^0+(?=\d)/, '');
  const has = (row) => +(row.dataset.got || 0), wants = (row) => +row.dataset.quantity;
  const say = (text, bad) => { told.textContent = text; told.className = 'badge ' + (bad ? 'bad half' : 'ok full'); };
  const item = (code) => {
    const mine = rows.filter((row) => row.dataset.codes.split('\n').some((own) => own && plain(own) === plain(code)));
    const row = mine.find((one) => has(one) < wants(one)) || mine.at(-1);
    if (!row) return false;
    row.dataset.got = has(row) + 1;
    const over = has(row) > wants(row), mark = row.querySelector('.got') || document.createElement('span');
    mark.className = 'got badge ' + (over ? 'bad half' : has(row) === wants(row) ? 'ok full' : 'info half');
    mark.textContent = has(row) + ' of ' + wants(row);
    mark.title = mark.textContent + ' scanned';
    row.querySelector('th').prepend(mark);
    row.scrollIntoView({ block: 'nearest' });
    const got = rows.reduce((sum, one) => sum + Math.min(has(one), wants(one)), 0), all = +told.dataset.packed;
    if (over) say('One too many: ' + row.dataset.name, 1);
    else say(got === all ? 'All scanned' : got + ' of ' + all + ' scanned');
    return true;
  };

  const parcel = (code) => {
    for (let d = form; (d = d.parentElement.closest('details'));) d.open = true;
    tracking.value = code;
    (carrier.value ? send : carrier).focus();
  };
  // A number is looked up first: it may be one of a carrier.
  const order = async (code) => {
    const href = '/admin/orders/' + code.replace('#', '');
    let found;
    try { found = (await fetch(href, { redirect: 'manual' })).type === 'opaqueredirect'; } catch { return say('No connection', 1); }
    if (found) location.href = href;
    else if (code[0] === '#') say('There is no order ' + code, 1);
    else parcel(code);
  };
  addEventListener('scan', (e) => {
    const code = e.detail;
    e.preventDefault();
    if (item(code)) return;
    if (/^#\d+$|^\d{4,7}$/.test(code)) order(code);
    else if (told.dataset.more !== undefined && rows.length) say('Not on the lines shown: show all lines first', 1);
    else parcel(code);
  });

  // Enter leads from field to field, and sends only what a hand has confirmed.
  let run = '', at = 0;
  form.addEventListener('keydown', (e) => {
    const t = e.target, is = e.timeStamp - at < 60;
    at = e.timeStamp;
    if (t === send) { if (is && (e.key === ' ' || e.key === 'Enter')) e.preventDefault(); return; }
    if (!is) run = '';
    if (e.key.length === 1) { run += e.key; return; }
    if (e.key !== 'Enter' || e.isComposing || (t !== tracking && t !== carrier)) return;
    const code = CODE.test(run) && t.value.endsWith(run) ? run : '', before = t.value.slice(0, t.value.length - code.length);
    run = '';
    if (code && item(code)) { e.preventDefault(); t.value = before; return; }
    if (code && t === carrier) { carrier.value = before; tracking.value = code; }
    if (!tracking.value.trim()) { e.preventDefault(); tracking.focus(); }
    else if (!carrier.value.trim() && (code || t === tracking)) { e.preventDefault(); carrier.focus(); }
    else if (code) { e.preventDefault(); send.focus(); }
  }, true);
})();
