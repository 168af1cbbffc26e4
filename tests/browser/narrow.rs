//! Every page on narrow and middling screens: nothing scrolls sideways, no text is squeezed away, no menu leaves the screen.

use super::pages::{Tour, browser};
use serde_json::Value;

/// What is wrong with the page as it is laid out now, in sentences.
const LAID_OUT: &str = r#"(() => {
  const wrong = [], root = document.documentElement, width = root.clientWidth;
  const name = (e) => e.tagName.toLowerCase() + (e.className && e.className.baseVal === undefined ? '.' + e.className.trim().replace(/\s+/g, '.') : '');
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.vh, svg, option, datalist, noscript');
  const says = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (root.scrollWidth > width) wrong.push('scrolls sideways by ' + (root.scrollWidth - width) + ' px');
  for (const e of document.querySelectorAll('main *')) {
    if (!says(e) || !shown(e)) continue;
    const r = e.getBoundingClientRect();
    if (r.width < 4) wrong.push('no room for ' + name(e) + ' "' + e.textContent.trim().slice(0, 30) + '"');
  }
  for (const row of document.querySelectorAll('main tbody tr')) {
    if (row.checkVisibility() && !row.innerText.trim()) wrong.push('an empty row in ' + name(row.closest('table')));
  }
  for (const t of document.querySelectorAll('.tw:has(> table.cards)')) {
    if (width < 600 && t.scrollWidth > t.clientWidth + 1) wrong.push('cards scroll sideways: ' + name(t.firstElementChild));
  }
  for (const e of document.querySelectorAll('main tbody :is(th, td, span, a)')) {
    if (!shown(e) || getComputedStyle(e).overflowX === 'visible' || e.scrollWidth <= e.clientWidth + 1) continue;
    if (!e.closest('[title]') && !e.querySelector('[title]')) wrong.push('cut without a title: ' + name(e) + ' "' + e.textContent.trim().slice(0, 30) + '"');
  }
  return wrong;
})()"#;

/// Opens every menu of the page, one after the other, and says which leaves the screen or cannot be read.
const OPENED: &str = r#"(() => {
  const wrong = [], width = document.documentElement.clientWidth;
  const box = document.querySelector('tbody .pick input');
  if (box) box.checked = true;
  for (const menu of document.querySelectorAll('details.menu')) {
    const button = menu.querySelector('summary'), pop = menu.querySelector('.pop');
    if (!button.checkVisibility()) continue;
    for (const other of document.querySelectorAll('details.menu[open]')) other.open = false;
    menu.open = true;
    for (const fold of menu.querySelectorAll('details')) fold.open = true;
    const called = '“' + button.textContent.trim() + '”', r = pop.getBoundingClientRect();
    if (r.left < 0 || r.right > width + .5) wrong.push('menu ' + called + ' leaves the screen: ' + Math.round(r.left) + ' to ' + Math.round(r.right));
    if (pop.scrollWidth > pop.clientWidth + 1) wrong.push('menu ' + called + ' scrolls sideways: ' + pop.scrollWidth + ' px in ' + pop.clientWidth);
    if (r.top + scrollY < 0) wrong.push('menu ' + called + ' begins above the page');
    for (const e of pop.querySelectorAll('*')) {
      if (!e.checkVisibility() || e.closest('.vh, svg, option, datalist')) continue;
      if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
      const t = e.getBoundingClientRect();
      if (t.width < 4 || t.left < r.left - 1 || t.right > r.right + 1) wrong.push('menu ' + called + ' hides “' + e.textContent.trim().slice(0, 30) + '”');
    }
    menu.open = false;
  }
  if (box) box.checked = false;
  return wrong;
})()"#;

fn sentences(found: &Value) -> Vec<String> {
    found.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_page_fits_every_width_and_every_menu_stays_on_the_screen() {
    let Some(mut page) = browser() else { return };
    let tour = Tour::open();
    let mut wrong = Vec::new();
    page.cookie(&tour.shop.url, &tour.cookie);
    for path in &tour.pages {
        page.width(1440);
        page.open(&format!("{}{path}", tour.shop.url));
        for width in [320, 390, 768, 1024, 1200, 1440] {
            page.width(width);
            for check in [LAID_OUT, OPENED] {
                let found = page.eval(check);
                wrong.extend(sentences(&found).into_iter().map(|w| format!("{path} at {width} px: {w}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_checks_see_what_they_are_for() {
    let Some(mut page) = browser() else { return };
    page.width(390);
    let body = "<style>.pick{display:block}</style><main><div style='width:900px'>wide</div><p style='width:0;overflow:hidden'>squeezed</p>\
                <table><tbody><tr><td style='display:none'>gone</td></tr></tbody></table>\
                <details class=menu><summary>Open</summary><div class=pop style='position:absolute;left:300px;width:200px'>words</div></details></main>";
    page.eval(&format!("document.documentElement.innerHTML = {}", serde_json::json!(body)));
    let found = [LAID_OUT, OPENED].map(|check| sentences(&page.eval(check))).concat().join("; ");
    for sign in ["scrolls sideways", "no room for p", "an empty row", "menu “Open” leaves the screen"] {
        assert!(found.contains(sign), "{sign} is missing: {found}");
    }
}
