//! Charts as SVG paths: scales, grid and labels are worked out here, the macro only writes them down.

use serde::Serialize;
use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
/// On a phone, where the words of a wide one would be too small to read.
const WIDTH_SMALL: f64 = 300.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers at the side and the words below.
const LEFT: f64 = 52.0;
const BOTTOM: f64 = 22.0;
const TOP: f64 = 8.0;
/// Words below a chart at most.
const TICKS: usize = 7;
const TICKS_SMALL: usize = 4;

/// One value of a chart.
#[derive(Clone, Debug)]
pub struct Datum {
    /// What it is of, such as `20 Nov`.
    pub label: String,
    pub value: f64,
    /// The value as people read it, such as `€1,284.50`.
    pub shown: String,
    /// The value of the time before, with its words.
    pub before: Option<(f64, String)>,
}

/// A chart ready to be written by the macros in `templates/macros/chart.html`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Chart {
    pub title: String,
    /// Sums in words, for those who do not see it.
    pub description: String,
    /// Heading of the labels in the table, such as `Day`.
    pub unit: String,
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub line: String,
    pub area: String,
    pub before: String,
    pub points: Vec<Point>,
    pub grid: Vec<Grid>,
    pub ticks: Vec<Tick>,
    /// The same for a narrow page.
    pub small: Option<Box<Chart>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    /// For bars.
    pub left: f64,
    pub width: f64,
    pub height: f64,
    pub label: String,
    pub value: String,
    pub before: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Grid {
    pub y: f64,
    pub label: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Tick {
    pub x: f64,
    pub label: String,
    pub anchor: &'static str,
}

impl Chart {
    /// A line with the area under it, and a dashed one for the time before where there is any.
    pub fn line(title: &str, unit: &str, description: &str, data: &[Datum]) -> Self {
        Self::line_up_to(top_of(data), (title, unit, description), data)
    }

    /// The same for values in percent: the whole is always on top.
    pub fn percent(title: &str, unit: &str, description: &str, data: &[Datum]) -> Self {
        Self::line_up_to(100.0, (title, unit, description), data)
    }

    fn line_up_to(top: f64, words: (&str, &str, &str), data: &[Datum]) -> Self {
        let small = Self::line_in(WIDTH_SMALL, top, words, data);
        Self { small: Some(Box::new(small)), ..Self::line_in(WIDTH, top, words, data) }
    }

    fn line_in(width: f64, top: f64, words: (&str, &str, &str), data: &[Datum]) -> Self {
        let place = |at: usize| LEFT + (width - LEFT) * at as f64 / (data.len().max(2) - 1) as f64;
        let mut chart = Self::framed(width, top, words, data, &place);
        let base = HEIGHT - BOTTOM;
        let xy: Vec<(f64, f64)> = chart.points.iter().map(|p| (p.x, p.y)).collect();
        chart.line = path(&xy);
        if let (Some(first), Some(last)) = (xy.first(), xy.last()) {
            chart.area = format!("{}L{} {base}L{} {base}Z", chart.line, last.0, first.0);
        }
        let before: Vec<(f64, f64)> = data
            .iter()
            .enumerate()
            .filter_map(|(at, d)| {
                d.before.as_ref().map(|(value, _)| (round(place(at)), height_of(*value, top)))
            })
            .collect();
        chart.before = path(&before);
        chart
    }

    /// Bars side by side.
    pub fn bars(title: &str, unit: &str, description: &str, data: &[Datum]) -> Self {
        let step = (WIDTH - LEFT) / data.len().max(1) as f64;
        let place = |at: usize| LEFT + step * (at as f64 + 0.5);
        let mut chart = Self::framed(WIDTH, top_of(data), (title, unit, description), data, &place);
        for point in &mut chart.points {
            point.width = round((step * 0.66).min(48.0));
            point.left = round(point.x - point.width / 2.0);
            point.height = round(HEIGHT - BOTTOM - point.y);
        }
        for tick in &mut chart.ticks {
            tick.anchor = "middle";
        }
        chart
    }

    /// A small line without words, for a table or a card.
    pub fn spark(values: &[f64]) -> Self {
        let (width, height) = (96.0, 24.0);
        let top = values.iter().copied().fold(0.0, f64::max).max(1.0);
        let last = (values.len().max(2) - 1) as f64;
        let xy: Vec<(f64, f64)> = values
            .iter()
            .enumerate()
            .map(|(at, v)| {
                (round(width * at as f64 / last), round(height - 2.0 - (height - 4.0) * v.max(0.0) / top))
            })
            .collect();
        let line = path(&xy);
        Self { width, height, area: format!("{line}L{width} {height}L0 {height}Z"), line, ..Self::default() }
    }

    fn framed(
        width: f64,
        top: f64,
        (title, unit, description): (&str, &str, &str),
        data: &[Datum],
        place: &dyn Fn(usize) -> f64,
    ) -> Self {
        let most = if width < WIDTH { TICKS_SMALL } else { TICKS };
        let points = data.iter().enumerate().map(|(at, d)| Point {
            x: round(place(at)),
            y: height_of(d.value, top),
            left: 0.0,
            width: 0.0,
            height: 0.0,
            label: d.label.clone(),
            value: d.shown.clone(),
            before: d.before.as_ref().map(|(_, shown)| shown.clone()),
        });
        Self {
            title: title.to_owned(),
            description: description.to_owned(),
            unit: unit.to_owned(),
            width,
            height: HEIGHT,
            left: LEFT,
            points: points.collect(),
            grid: grid(top),
            ticks: ticks(data, place, most),
            ..Self::default()
        }
    }
}

fn path(xy: &[(f64, f64)]) -> String {
    xy.iter().enumerate().fold(String::new(), |mut text, (at, (x, y))| {
        let _written = write!(text, "{}{x} {y}", if at == 0 { 'M' } else { 'L' });
        text
    })
}

fn height_of(value: f64, top: f64) -> f64 {
    let base = HEIGHT - BOTTOM;
    round(base - (base - TOP) * (value.max(0.0) / top).min(1.0))
}

/// A tenth of a pixel is enough.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The end of the scale: the next of 1, 2, 2.5, 5, 10 … times a power of ten that four steps reach.
fn top_of(data: &[Datum]) -> f64 {
    let values = data.iter().flat_map(|d| [Some(d.value), d.before.as_ref().map(|b| b.0)]);
    let most = values.flatten().filter(|v| v.is_finite()).fold(0.0, f64::max);
    if most <= 0.0 {
        return 4.0;
    }
    let step = most / 4.0;
    let power = 10_f64.powf(step.log10().floor());
    let nice = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|n| n * power >= step * 0.999_999).unwrap_or(10.0);
    // Counts have no half pieces.
    (nice * power).max(if most >= 1.0 { 1.0 } else { 0.0 }) * 4.0
}

fn grid(top: f64) -> Vec<Grid> {
    let line = |n: u32| {
        let value = top * f64::from(n) / 4.0;
        Grid { y: height_of(value, top), label: short(value) }
    };
    (0..=4).map(line).collect()
}

/// `1,500`, `12k`, `2.5M`.
fn short(value: f64) -> String {
    let trimmed = |value: f64| {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match value {
        v if v >= 1e6 => format!("{}M", trimmed(v / 1e6)),
        v if v >= 1e4 => format!("{}k", trimmed(v / 1e3)),
        v if v >= 1e3 => {
            let text = trimmed(v);
            let (thousands, rest) = text.split_at_checked(1).unwrap_or((&text, ""));
            format!("{thousands},{rest}")
        }
        v => trimmed(v),
    }
}

fn ticks(data: &[Datum], place: &dyn Fn(usize) -> f64, most: usize) -> Vec<Tick> {
    let every = data.len().div_ceil(most).max(1);
    let last = data.len().saturating_sub(1);
    data.iter()
        .enumerate()
        .filter(|(at, _)| at % every == 0)
        .map(|(at, d)| Tick {
            x: round(place(at)),
            label: d.label.clone(),
            anchor: if at == 0 {
                "start"
            } else if at == last {
                "end"
            } else {
                "middle"
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(values: &[f64]) -> Vec<Datum> {
        let datum = |(n, v): (usize, &f64)| Datum {
            label: format!("{}", n + 1),
            value: *v,
            shown: format!("{v}"),
            before: Some((v / 2.0, format!("{}", v / 2.0))),
        };
        values.iter().enumerate().map(datum).collect()
    }

    #[test]
    fn the_scale_ends_at_a_round_number() {
        for (most, top) in
            [(1_260.0, 2_000.0), (7.0, 8.0), (0.0, 4.0), (1.0, 4.0), (99.0, 100.0), (4_000.0, 4_000.0)]
        {
            assert!((top_of(&data(&[most])) - top).abs() < 1e-6, "{most} {}", top_of(&data(&[most])));
        }
        assert_eq!(
            [short(0.0), short(1_500.0), short(12_500.0), short(2.5e6)],
            ["0", "1,500", "12.5k", "2.5M"]
        );
    }

    #[test]
    fn lines_stay_inside_whatever_the_numbers() {
        for values in [vec![], vec![5.0], vec![-3.0, f64::NAN, 1e12], vec![0.0; 40]] {
            let chart = Chart::line("t", "Day", "d", &data(&values));
            assert_eq!(chart.points.len(), values.len());
            assert!(chart.points.iter().all(|p| (0.0..=HEIGHT).contains(&p.y) || p.y.is_nan()));
            assert!(chart.ticks.len() <= TICKS);
            let small = chart.small.unwrap();
            assert!(small.ticks.len() <= TICKS_SMALL && small.points.iter().all(|p| p.x <= WIDTH_SMALL));
            let bars = Chart::bars("t", "Day", "d", &data(&values));
            assert!(bars.points.iter().all(|p| p.left >= 0.0 && p.left + p.width <= WIDTH));
        }
        assert!(Chart::spark(&[1.0, 5.0, 2.0]).line.starts_with("M0 "));
    }
}
