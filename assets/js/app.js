// What makes the admin fast by hand. Every page works without it; nothing here is the only way to do something.
'use strict';
(() => {
  const root = document.documentElement, body = document.body;
  const $ = (q, e = document) => e.querySelector(q), $$ = (q, e = document) => [...e.querySelectorAll(q)];
  const on = (type, fn, opt) => document.addEventListener(type, fn, opt);
  const make = (tag, props, ...inside) => { const e = Object.assign(document.createElement(tag), props); e.append(...inside); return e; };
  const user = body.dataset.user || '';
  const mac = /Mac|iP(hone|ad)/.test(navigator.platform);
  root.classList.add('js');

  // Messages: short ones go after 6 s, those with a button after 10 s, errors stay. Not while looked at.
  const toasts = $('#toasts');
  const watch = (t) => {
    if (t.dataset.watched) return;
    t.dataset.watched = 1;
    const ms = { short: 6e3, long: 1e4 }[t.dataset.toast];
    let timer;
    const go = () => { if (ms) timer = setTimeout(() => t.remove(), ms); }, stop = () => clearTimeout(timer);
    t.addEventListener('pointerenter', stop); t.addEventListener('pointerleave', go);
    t.addEventListener('focusin', stop); t.addEventListener('focusout', go);
    if (t.dataset.saved) forget(t.dataset.saved);
    go();
  };
  const say = (text, bad) => {
    const t = make('div', { className: 'toast' + (bad ? ' error' : '') }, make('p', {}, text), make('button', { type: 'button', className: 'btn small close' }, 'Close'));
    t.dataset.toast = bad ? 'stay' : 'short';
    if (bad) t.role = 'alert';
    toasts?.append(t); watch(t);
  };

  // Drafts: what was typed survives a closed tab. Forgotten only when the server names the draft as saved.
  const store = (() => { try { localStorage.setItem('_', 1); localStorage.removeItem('_'); return localStorage; } catch { return null; } })();
  const draftKey = (name) => 'draft:' + user + ':' + name;
  function forget(name) { store?.removeItem(draftKey(name)); }
  const secret = (e) => e.type === 'password' || e.type === 'file' || e.type === 'hidden' || /cc-|password/.test(e.autocomplete || '');
  const values = (f) => {
    const v = {};
    for (const e of f.elements) {
      if (!e.name || secret(e) || e.type === 'submit') continue;
      if (e.type === 'checkbox' || e.type === 'radio') { if (e.checked) (v[e.name] ??= []).push(e.value); }
      else (v[e.name] ??= []).push(e.value);
    }
    return v;
  };
  const fill = (f, v) => {
    const seen = {};
    for (const e of f.elements) {
      if (!e.name || secret(e) || e.type === 'submit') continue;
      if (e.type === 'checkbox' || e.type === 'radio') e.checked = (v[e.name] || []).includes(e.value);
      else if (v[e.name]) e.value = v[e.name][seen[e.name] = (seen[e.name] ?? -1) + 1] ?? e.value;
    }
    f.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const loaded = new WeakMap();
  const guarded = (f) => f && (f.matches('[data-draft]') || $('.save', f));
  const dirty = (f) => loaded.has(f) && loaded.get(f) !== JSON.stringify(values(f));
  const settle = (f) => {
    loaded.set(f, f.dataset.was ?? JSON.stringify(values(f)));
    if (dirty(f)) { f.toggleAttribute('data-dirty', true); if (f.dataset.draft) keep(f); }
    const name = f.dataset.draft, text = name && store?.getItem(draftKey(name));
    // A refused form holds what was typed: nothing is to be restored.
    if (!text || f.dataset.offered || $('#errors, [aria-invalid=true]', f)) return;
    f.dataset.offered = 1;
    try {
      const d = JSON.parse(text);
      if (JSON.stringify(d.v) === JSON.stringify(values(f))) return;
      const button = (text, does) => make('button', { type: 'button', className: 'btn small', onclick: () => { does(); box.remove(); } }, text);
      const at = new Date(d.at).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: body.dataset.zone || undefined });
      const box = make('div', { className: 'notice' }, 'Restore what you typed on ' + at + '? ', button('Restore', () => fill(f, d.v)), ' ', button('Throw away', () => forget(name)));
      f.prepend(box);
    } catch { forget(name); }
  };
  let later;
  on('input', (e) => {
    const f = e.target.form;
    if (!guarded(f)) return;
    const is = dirty(f), state = $('[data-state]', f);
    f.toggleAttribute('data-dirty', is);
    if (state) state.textContent = is ? 'Unsaved changes' : '\u00a0';
    if (!f.dataset.draft) return;
    clearTimeout(later);
    later = setTimeout(() => keep(f), 400);
  });
  const keep = (f) => { try { if (dirty(f)) store?.setItem(draftKey(f.dataset.draft), JSON.stringify({ at: Date.now(), v: values(f) })); else forget(f.dataset.draft); } catch {} };
  let leaving = false, sure, asked;
  const lost = () => say('Not saved: no connection. Your text is still here. Try again.', 1);
  on('submit', (e) => {
    const f = e.target;
    if (f.method !== 'post') return;
    if (f.dataset.sent && Date.now() - f.dataset.sent < 4e3) return e.preventDefault();
    // A form that is sent into nothing is replaced by the browser's own page: asked first, it stays with its text.
    if (sure !== f) {
      e.preventDefault();
      if (asked) return;
      asked = 1;
      const by = e.submitter;
      return fetch('/healthz', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(8e3) }).then(() => { sure = f; f.requestSubmit(by); sure = 0; }, lost).finally(() => { asked = 0; });
    }
    f.dataset.sent = Date.now();
    // Of the other forms what has a draft is kept; about the rest the browser asks.
    const others = $$('form[data-dirty]').filter((o) => o !== f && dirty(o));
    others.filter((o) => o.dataset.draft).forEach(keep);
    leaving = others.every((o) => store && o.dataset.draft);
    if ($('[data-forget]', f)) for (const k of Object.keys(store || {})) if (k.startsWith('draft:')) store.removeItem(k);
    setTimeout(() => { leaving = false; }, 4e3);
  });
  // Back restores ticks and texts after the script ran: what is counted is counted again.
  addEventListener('pageshow', () => setTimeout(() => { $$('form[data-sent]').forEach((f) => delete f.dataset.sent); settleAll(); }));
  addEventListener('beforeunload', (e) => { if (!leaving && $$('form[data-dirty]').some(dirty)) e.preventDefault(); });

  // Records opened last, in this browser, of this person; gone with the sign-out.
  const LAST = 'draft:' + user + ':opened', opened = () => { try { return JSON.parse(store?.getItem(LAST)) || []; } catch { return []; } };
  const seen = $('[data-seen]'), place = seen?.dataset.href || location.pathname;
  if (seen && user) try { store?.setItem(LAST, JSON.stringify([{ h: place, n: seen.dataset.name, k: seen.dataset.seen }, ...opened().filter((o) => o.h !== place)].slice(0, 8))); } catch {}

  // A box with offers below it: 80 ms after the last key; an older answer never overwrites a newer one.
  const combo = (box, hits, { url, none, took, first }) => {
    let timer, turn = 0, flight, last = null, saidTimer, moved;
    const form = box.form, options = () => $$('[role=option]', hits);
    const at = () => options().findIndex((o) => o.getAttribute('aria-selected') === 'true');
    const pick = (i) => {
      options().forEach((o, n) => { o.id ||= hits.id + '-' + n; o.setAttribute('aria-selected', n === i); });
      const o = options()[i];
      if (o) { box.setAttribute('aria-activedescendant', o.id); o.scrollIntoView({ block: 'nearest' }); } else box.removeAttribute('aria-activedescendant');
    };
    const show = (yes) => { hits.hidden = !yes; box.setAttribute('aria-expanded', yes); if (!yes) box.removeAttribute('aria-activedescendant'); };
    const failed = (words) => {
      hits.innerHTML = '<p class="foot" role="alert">' + words;
      last = null; show(true);
    };
    const ask = async () => {
      const q = box.value, mine = ++turn;
      if (q === last) return show(hits.childElementCount > 0);
      flight?.abort(); flight = new AbortController();
      try {
        if (q.trim() || !none) {
          const r = await fetch(url(q), { headers: { 'HX-Request': 'true' }, signal: flight.signal });
          if (mine !== turn) return;
          if (!r.ok) return failed(r.status === 401 ? 'Session ended. <a href="">Sign in again</a>' : 'No answer.');
          const html = await r.text();
          if (mine !== turn) return;
          hits.innerHTML = html;
        } else none();
        last = q;
        const n = options().length;
        show(hits.childElementCount > 0);
        pick(first && n && q.trim() ? 0 : -1);
        clearTimeout(saidTimer);
        const said = $('#' + hits.id + '-said');
        if (said) saidTimer = setTimeout(() => { said.textContent = n + (n === 1 ? ' result' : ' results'); }, 500);
      } catch (e) { if (e.name !== 'AbortError') failed('No connection.'); }
    };
    box.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 80); });
    box.addEventListener('focus', ask);
    box.addEventListener('keydown', (e) => {
      const n = options().length, i = at();
      if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); if (hits.hidden) ask(); else if (n) pick((i + (e.key === 'ArrowDown' ? 1 : i < 0 ? 0 : -1) + n) % n); }
      else if (e.key === 'Escape') { if (hits.hidden) box.blur(); else show(false); e.preventDefault(); }
      else if (e.key === 'Enter' && !hits.hidden && last === box.value && options()[i] && took(options()[i], e, i, n, moved)) e.preventDefault();
      moved = e.key.startsWith('Arrow');
    });
    on('pointerdown', (e) => { if (!form.contains(e.target)) show(false); });
    form.addEventListener('focusout', (e) => { if (e.relatedTarget && !form.contains(e.relatedTarget)) show(false); });
    return { ask, show };
  };
  const form = $('.search'), box = form && $('input', form), hits = $('#hits');
  if (box) combo(box, hits, {
    first: 1,
    url: (q) => form.dataset.suggest + '?q=' + encodeURIComponent(q.trim()),
    none: () => {
      hits.textContent = '';
      hits.append(...opened().map((o) => make('a', { role: 'option', href: o.h }, make('span', {}, o.n), make('span', { className: 'mute small' }, o.k))));
      if (hits.firstChild) hits.prepend(make('div', { className: 'group', ariaHidden: 'true' }, 'Opened last'));
    },
    // Only what was chosen by hand, is exact or is the single hit opens at once; else Enter lists all results.
    took: (o, e, i, n, moved) => { if (i > 0 || n === 1 || o.dataset.exact !== undefined || moved) { go(o.href, e); return true; } },
  });
  // The list's own box: fields while a word is typed, then their values with counts. Plain without script.
  const filter = $('#filter[data-complete]');
  if (filter) {
    const list = make('div', { id: 'offers', className: 'hits', hidden: true, role: 'listbox', ariaLabel: 'Offers' });
    for (const [k, v] of [['role', 'combobox'], ['aria-expanded', 'false'], ['aria-autocomplete', 'list'], ['aria-controls', 'offers']]) filter.setAttribute(k, v);
    filter.after(list);
    const take = (o) => {
      filter.value = filter.value.replace(/([^\s"]|"[^"]*"?)*$/, '') + o.dataset.text; filter.focus(); c.show(false);
      if (filter.value.endsWith(':')) c.ask(); else filter.value += ' ';
      return true;
    };
    const c = combo(filter, list, { url: (q) => filter.dataset.complete + '&q=' + encodeURIComponent(q), none: () => { list.textContent = ''; }, took: take });
    list.addEventListener('mousedown', (e) => { e.preventDefault(); const o = e.target.closest('[role=option]'); if (o) take(o); });
  }
  const go = (href, e) => { if (e && (e.ctrlKey || e.metaKey)) open(href, '_blank', 'noopener'); else location.href = href; };

  on('keydown', (e) => {
    const b = e.key === 'Enter' && !e.isComposing && !e.defaultPrevented && e.target.matches?.('.ask input') && $('.pri', e.target.closest('.ask'));
    if (b) { e.preventDefault(); b.click(); }
  });

  // Rows: j and k walk, x selects, shift selects a range.
  const rows = () => $$('table.data tbody tr').filter((r) => $('a.row', r));
  let here = -1, lastBox = null;
  const walk = (step) => {
    const list = rows();
    if (!list.length) { const a = $(step > 0 ? '[rel=next]' : '[rel=prev]'); if (a) location.href = a.href; return; }
    here = Math.max(0, Math.min(list.length - 1, list.findIndex((r) => 'at' in r.dataset) + step));
    list.forEach((r) => delete r.dataset.at);
    list[here].dataset.at = ''; $('a.row', list[here]).focus({ preventScroll: true }); list[here].scrollIntoView({ block: 'nearest' });
  };
  const current = () => document.activeElement.closest?.('tbody tr') || $('tr[data-at]');
  const boxes = (f) => $$('tbody .pick input', f);
  const counted = (f) => {
    const n = boxes(f).filter((b) => b.checked).length, all = $('input[name=all]', f), out = $('[data-count]', f), head = $('[data-all]', f);
    if (out) out.textContent = (all?.checked ? 'All' : n) + ' selected';
    if (head) { head.checked = n > 0 && n === boxes(f).length; head.indeterminate = n > 0 && !head.checked; }
  };
  on('click', (e) => {
    const t = e.target, b = t.closest?.('.pick input');
    if (b && !b.matches('[data-all]')) {
      const list = boxes(b.form || document);
      if (e.shiftKey && lastBox) { const [i, k] = [list.indexOf(lastBox), list.indexOf(b)].sort((x, y) => x - y); if (i >= 0) list.slice(i, k + 1).forEach((c) => { c.checked = b.checked; }); }
      lastBox = b;
    } else if (b) boxes(b.form || document).forEach((c) => { c.checked = b.checked; });
    if (b || t.name === 'all') counted(t.form || document);
    const c = t.closest?.('[data-copy]');
    if (c) navigator.clipboard?.writeText(c.dataset.copy).then(() => say('Copied ' + c.dataset.copy), () => say('Copying is not allowed here.', 1));
    // Ticks are of one page.
    const ticks = t.closest?.('.pager a') ? $$('tbody .pick input:checked').length : 0;
    if (ticks && !confirm(ticks + ' ticked here. Ticks are lost on another page. Go there all the same?')) e.preventDefault();
    if (t.matches('[data-keep]')) t.closest('details').open = false;
    if (t.closest?.('[data-print]')) print();
    if (t.closest?.('.toast .close')) t.closest('.toast').remove();
    const o = t.closest?.('[data-open]');
    if (o) help();
    for (const d of $$('details.menu[open]')) if (!d.contains(t)) d.open = false;
  });

  // A form that opens in a menu is brought into view, with its button.
  on('toggle', ({ target: d }) => {
    if (!d.open) return;
    if (d.matches('.bulk .menu')) $('.pop :is(input, select)', d)?.focus();
    else if (d.matches('.pop .fold, .head .menu')) $('[open] > form, :scope > form', d)?.scrollIntoView({ block: 'nearest' });
  }, true);

  // Keys: one table. [keys, words, what to do, only where this exists]
  const tick = (shiftKey) => $('.pick input', current())?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey }));
  const KEYS = [
    ['/', 'Search and commands', () => box?.select(), '.search'],
    ['f', 'Filter this list', () => $('#filter')?.select(), '#filter'],
    ['j', 'Next row or record', () => walk(1), 'table.data, [rel=next]'],
    ['k', 'Previous row or record', () => walk(-1), 'table.data, [rel=prev]'],
    ['x', 'Select the row', () => tick(), '.pick'],
    ['X', 'Select the rows up to here', () => tick(true), '.pick'],
    ['o', 'Open the row', (e) => { const a = $('a.row', current() || make('i')); if (a) go(a.href, e); }, 'a.row'],
    ['?', 'This list of keys', () => help()],
  ];
  // A button that opens a form opens the menu it stands in too, and leads to the form's first field.
  const press = (a) => {
    const d = a.parentNode;
    a.click();
    if (!d.open) return;
    for (let o = d; (o = o.parentNode.closest('details'));) o.open = true;
    $('input:not([type=hidden]), select, textarea', d)?.focus();
  };
  const BOUND = () => [...KEYS.filter((k) => !k[3] || $(k[3])), ...$$('[data-shortcut]').map((a) => [a.dataset.shortcut, a.textContent.trim(), () => press(a)])];
  const GO = () => $$('nav.side [data-key]').map((a) => ['g ' + a.dataset.key, a.firstChild.nextSibling?.textContent.trim() || a.textContent.trim(), () => { location.href = a.href; }]);
  // A key that may begin a scanned code acts when the next one would have come; the keys of a code do nothing.
  let held = [], heldFor;
  const CODE = /^[\w#-]$/, wait = () => {
    clearTimeout(heldFor);
    heldFor = setTimeout(() => { const all = held; held = []; if (new Set(burst).size < 3) all.forEach((f) => f()); }, 60);
  };
  const typing = (t) => t.isContentEditable || (/^(INPUT|SELECT|TEXTAREA)$/.test(t.tagName) && !/^(checkbox|radio|button|submit)$/.test(t.type));
  let waiting = 0, burst = '', burstAt = 0;
  on('keydown', (e) => {
    const mod = mac ? e.metaKey : e.ctrlKey, t = e.target, f = t.form || $('form[data-dirty]');
    if (mod && e.key === 'k' && box) { e.preventDefault(); return box.select(); }
    if (mod && (e.key === 's' || e.key === 'Enter') && guarded(f)) { e.preventDefault(); return f.requestSubmit(); }
    if (e.key === 'Escape') {
      const d = $('details.menu[open]');
      if (d) { d.open = false; $('summary', d).focus(); } else if (!e.defaultPrevented && !e.isComposing && !$('dialog[open]')) $('[data-cancel]')?.click();
      return;
    }
    // A scanner types digits faster than hands do and ends with Enter.
    const now = e.timeStamp;
    if (!typing(t)) {
      if (now - burstAt > 60) burst = '';
      burstAt = now;
      if (held[0]) wait();
      if (e.key === 'Enter' && /^#?\d{4,}$|^.{6,}$/.test(burst)) {
        e.preventDefault();
        const code = burst; burst = ''; held = [];
        const told = dispatchEvent(new CustomEvent('scan', { detail: code, cancelable: true }));
        if (told && form) location.href = form.action + '?q=' + encodeURIComponent(code);
        return;
      }
      // A key that is held down is no scanner.
      if (!e.repeat && CODE.test(e.key)) burst += e.key;
    }
    if (typing(t) || e.ctrlKey || e.metaKey || e.altKey || body.dataset.keys === 'off' || $('dialog[open]')) return;
    const to = Date.now() - waiting < 1200 && GO().find((k) => k[0] === 'g ' + e.key);
    waiting = 0;
    if (!to && e.key === 'g') { waiting = Date.now(); return; }
    const hit = to || BOUND().find((k) => k[0] === e.key);
    if (!hit) return;
    e.preventDefault();
    if (e.repeat || !CODE.test(e.key)) hit[2](e); else { held.push(() => hit[2](e)); wait(); }
  });
  const help = () => {
    let d = $('#keys');
    d?.remove();
    const fixed = [[(mac ? '⌘' : 'Ctrl') + ' k', 'Search and commands'], [(mac ? '⌘' : 'Ctrl') + ' s', 'Save the form'], ['Esc', 'Close, cancel']];
    const rows = [...BOUND(), ...GO(), ...fixed].map(([keys, words]) => make('div', {}, make('span', {}, words), make('span', {}, ...keys.split(' ').map((k) => make('kbd', {}, k)))));
    const head = make('header', {}, make('h2', { id: 'keys-t' }, 'Keys of this page'), make('button', { className: 'btn plain small', onclick: () => d.close() }, 'Close'));
    d = make('dialog', { id: 'keys', onclick: (e) => { if (e.target === d) d.close(); } }, head, make('div', { className: 'in' }, make('div', { className: 'keys' }, ...rows)));
    d.setAttribute('aria-labelledby', 'keys-t');
    body.append(d); d.showModal();
  };

  // htmx: a part that was replaced is settled like a page; a form with changes is never replaced.
  const settleAll = () => { $$('.toast').forEach(watch); $$('form').filter(guarded).forEach((f) => { if (!loaded.has(f)) settle(f); }); $$('form').forEach((f) => { if ($('.bulk', f)) counted(f); }); };
  on('htmx:before:swap', (e) => { const t = e.detail?.ctx?.target; if (t?.id !== 'toasts' && t && [t, ...$$('form', t)].some((f) => f.matches?.('form[data-dirty]') && dirty(f))) e.preventDefault(); });
  on('htmx:after:swap', settleAll);
  on('htmx:error', lost);
  on('pointerover', (e) => {
    const t = e.target.closest?.('time[datetime]');
    if (!t || t.dataset.full) return;
    t.dataset.full = t.title;
    const s = (Date.now() - new Date(t.dateTime)) / 1e3, a = Math.abs(s);
    const [n, u] = a < 60 ? [s, 'second'] : a < 3600 ? [s / 60, 'minute'] : a < 86400 ? [s / 3600, 'hour'] : [s / 86400, 'day'];
    t.title = new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-Math.round(n), u) + ' · ' + t.title;
  });
  // The first set-up begins with the clocks of whoever sets up.
  const clocks = $('[data-own-zone]'), own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (clocks?.value === 'UTC' && !$('#errors') && $$('option', clocks).some((o) => o.value === own)) clocks.value = own;
  // The current tab of a strip that is wider than the screen.
  for (const a of $$('.views [aria-current]')) a.parentNode.scrollLeft = a.offsetLeft - (innerWidth - a.offsetWidth) / 2;
  settleAll();
  $('#errors')?.focus();
})();
