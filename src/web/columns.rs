//! The columns of a list: which there are, which are shown, how wide, and what sorts by them.

use serde::Serialize;

/// A column; serialised as `table.table` takes it. `C` says what stands in its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Column<C> {
    /// The word in `cols=`, which also names it in files.
    pub word: &'static str,
    pub label: &'static str,
    /// Pixels; those without share what is left.
    pub width: Option<u16>,
    /// The field that sorts by it.
    pub sort: Option<&'static str>,
    /// Sorted first from A to Z; otherwise from the newest or largest.
    pub up: bool,
    pub class: &'static str,
    /// What exactly is counted.
    pub title: &'static str,
    /// The label is only read aloud.
    pub hidden: bool,
    #[serde(skip)]
    pub cell: C,
    /// Among those that show without being asked for.
    #[serde(skip)]
    pub usual: bool,
}

/// A column that shows without being asked for.
pub const fn column<C>(cell: C, word: &'static str, label: &'static str, width: u16) -> Column<C> {
    let width = Some(width);
    Column {
        word,
        label,
        width,
        sort: None,
        up: false,
        class: "",
        title: "",
        hidden: false,
        cell,
        usual: true,
    }
}

/// The columns that `cols=` asks for, in their own order; the usual ones when it asks for none. The first is always
/// there.
pub fn shown<C: Copy>(seen: &[Column<C>], asked: &[String]) -> Vec<Column<C>> {
    let words: Vec<&str> = asked.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    let is_asked = |c: &Column<C>| words.contains(&c.word);
    let asks = seen.iter().any(is_asked);
    let is_shown = |(at, c): &(usize, &Column<C>)| if asks { *at == 0 || is_asked(c) } else { c.usual };
    seen.iter().enumerate().filter(is_shown).map(|(_, c)| *c).collect()
}

/// A tick box of the column chooser.
#[derive(Debug, Serialize)]
pub struct Tick {
    pub word: &'static str,
    pub label: &'static str,
    pub on: bool,
    /// The first column cannot be left out.
    pub fixed: bool,
}

/// The column chooser.
pub fn ticks<C>(seen: &[Column<C>], shown: &[Column<C>]) -> Vec<Tick> {
    let tick = |(at, c): (usize, &Column<C>)| Tick {
        word: c.word,
        label: c.label,
        on: shown.iter().any(|s| s.word == c.word),
        fixed: at == 0,
    };
    seen.iter().enumerate().map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_columns_show_unless_others_are_asked_for() {
        let all = [
            column((), "number", "Order", 10),
            column((), "total", "Total", 10),
            Column { usual: false, ..column((), "email", "E-mail", 10) },
            Column { usual: false, ..column((), "tags", "Tags", 10) },
        ];
        let words = |asked: &[String]| shown(&all, asked).iter().map(|c| c.word).collect::<Vec<_>>();
        assert_eq!(words(&[]), ["number", "total"]);
        assert_eq!(words(&["nonsense".into()]), ["number", "total"]);
        assert_eq!(words(&["tags,email".into(), "total".into()]), ["number", "total", "email", "tags"]);
        let ticks = ticks(&all, &shown(&all, &["tags".into()]));
        assert_eq!(ticks.iter().filter(|t| t.on).map(|t| t.word).collect::<Vec<_>>(), ["number", "tags"]);
        assert!(ticks[0].fixed && !ticks[1].fixed);
    }
}
