//! Draws what `docs/simulator.md` shows: networks of 100, 1,000 and 10,000 whole nodes in virtual time.
//!
//! `cargo run --release -p webx-overlay --features sim --example qsim -- [--quick] [--seed N] [--only NAME] [--draw] [--out DIR]`
//!
//! The figures of each case are kept in `plots/figures.csv`, so that cases can be run one by one; `--only NAME` runs the
//! cases whose name has this in it, `--draw` none at all.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use webx_overlay::sim::network::Strategy;
use webx_overlay::sim::scenario::{Plan, Report, quantile, run};

#[path = "qsim/plot.rs"]
mod plot;

use plot::{Chart, Series};

/// The lines between which the table in the document is rewritten.
const BEGIN: &str = "<!-- figures -->";
const END: &str = "<!-- end of figures -->";

struct Case {
    name: &'static str,
    nodes: usize,
    plan: Plan,
}

/// What is kept of a case: a row of `figures.csv`.
#[derive(Clone)]
struct Figures {
    nodes: usize,
    name: String,
    /// In the order of [`COLUMNS`].
    values: Vec<f64>,
}

const COLUMNS: [&str; 15] = [
    "found, %",
    "made",
    "hops p50",
    "hops p95",
    "asked p50",
    "asked p95",
    "ms p50",
    "ms p95",
    "MB a day",
    "MB a day p95",
    "lambda2",
    "degree",
    "largest part, %",
    "seconds",
    "seed",
];

impl Figures {
    fn of(case: &Case, report: &Report, seconds: f64) -> Self {
        let values = vec![
            report.success() * 100.0,
            report.made as f64,
            f64::from(quantile(&report.hops, 0.5)),
            f64::from(quantile(&report.hops, 0.95)),
            f64::from(quantile(&report.asked, 0.5)),
            f64::from(quantile(&report.asked, 0.95)),
            quantile(&report.millis, 0.5) as f64,
            quantile(&report.millis, 0.95) as f64,
            report.mean_daily() / 1e6,
            quantile(&report.daily, 0.95) as f64 / 1e6,
            report.lambda2,
            report.degree,
            report.whole * 100.0,
            seconds,
            case.plan.seed as f64,
        ];
        let values = values
            .into_iter()
            .map(|value| (value * 1000.0).round() / 1000.0)
            .collect();
        Self {
            nodes: case.nodes,
            name: case.name.into(),
            values,
        }
    }

    fn value(&self, column: &str) -> f64 {
        let at = COLUMNS.iter().position(|name| *name == column);
        at.and_then(|at| self.values.get(at))
            .copied()
            .unwrap_or_default()
    }

    fn csv(&self) -> String {
        let values: Vec<String> = self.values.iter().map(f64::to_string).collect();
        format!("{};{};{}", self.nodes, self.name, values.join(";"))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(';');
        let nodes = words.next()?.parse().ok()?;
        let name = words.next()?.to_owned();
        let values: Vec<f64> = words.map_while(|word| word.parse().ok()).collect();
        (values.len() == COLUMNS.len()).then_some(Self {
            nodes,
            name,
            values,
        })
    }
}

struct Options {
    quick: bool,
    seed: u64,
    only: Option<String>,
    draw: bool,
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let kept = options.out.join("plots/figures.csv");
    for case in cases(&options) {
        let label = format!("{} nodes, {}", case.nodes, case.name);
        let other = |only: &String| !label.contains(only.as_str());
        if options.draw || options.only.as_ref().is_some_and(other) {
            continue;
        }
        let start = Instant::now();
        let report = run(&case.plan, |step| {
            eprintln!(
                "{label}: {step} after {:.0} s, {} MiB",
                start.elapsed().as_secs_f64(),
                resident()
            );
        });
        let figures = Figures::of(&case, &report, start.elapsed().as_secs_f64());
        eprintln!("{label}: {}", row(&figures));
        eprintln!(
            "  MB a day: messages sent, handshakes (each control, table, gossip), keep-alives: {:?}",
            report.parts.map(|part| (part / 1e4).round() / 100.0)
        );
        eprintln!(
            "  strangers dialled {}, happenings {}",
            report.blind, report.steps
        );
        keep(&kept, figures)?;
    }
    write(&options.out, &read(&kept)?)
}

fn read(kept: &Path) -> Result<Vec<Figures>, Box<dyn Error>> {
    match fs::read_to_string(kept) {
        Ok(text) => Ok(text.lines().filter_map(Figures::parse).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Puts the figures of a case in the place of older ones.
fn keep(kept: &Path, figures: Figures) -> Result<(), Box<dyn Error>> {
    let mut all = read(kept)?;
    all.retain(|one| (one.nodes, &one.name) != (figures.nodes, &figures.name));
    all.push(figures);
    all.sort_by(|a, b| (a.nodes, &a.name).cmp(&(b.nodes, &b.name)));
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder)?;
    }
    let rows: Vec<String> = all.iter().map(Figures::csv).collect();
    fs::write(
        kept,
        format!("nodes;case;{}\n{}\n", COLUMNS.join(";"), rows.join("\n")),
    )?;
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        quick: false,
        seed: 1,
        only: None,
        draw: false,
        out: PathBuf::from("docs"),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--quick" => options.quick = true,
            "--seed" => options.seed = value()?.parse()?,
            "--draw" => options.draw = true,
            "--only" => options.only = Some(value()?),
            "--out" => options.out = PathBuf::from(value()?),
            _ => return Err(format!("unknown option {word}").into()),
        }
    }
    Ok(options)
}

fn cases(options: &Options) -> Vec<Case> {
    let sizes: &[usize] = if options.quick {
        &[100, 300]
    } else {
        &[100, 1_000, 10_000]
    };
    let mut cases = Vec::new();
    for nodes in sizes.iter().copied() {
        let base = Plan {
            seed: options.seed,
            ..Plan::of(nodes)
        };
        let hostile = |strategies: Vec<Strategy>| Plan {
            hostile: 0.2,
            strategies,
            ..base.clone()
        };
        cases.push(Case {
            name: "calm",
            nodes,
            plan: base.clone(),
        });
        cases.push(Case {
            name: "churn",
            nodes,
            plan: Plan {
                churn: 0.1,
                ..base.clone()
            },
        });
        let mixed = hostile(vec![Strategy::Drop, Strategy::Collude, Strategy::Forge]);
        cases.push(Case {
            name: "hostile",
            nodes,
            plan: mixed,
        });
        if nodes == 1_000 {
            for (name, strategy) in [
                ("hostile: silent", Strategy::Drop),
                ("hostile: colluding", Strategy::Collude),
                ("hostile: forging", Strategy::Forge),
            ] {
                cases.push(Case {
                    name,
                    nodes,
                    plan: hostile(vec![strategy]),
                });
            }
        }
    }
    cases
}

fn write(out: &Path, all: &[Figures]) -> Result<(), Box<dyn Error>> {
    let mut table = String::from(
        "| nodes | what | look-ups that succeed | hops p50 / p95 | nodes asked p50 / p95 | time p50 / p95, ms | MB a node a day, mean / p95 | λ₂ | mean degree | in the largest part | run, s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for figures in all {
        writeln!(table, "{}", row(figures))?;
    }
    let document = out.join("simulator.md");
    let old = fs::read_to_string(&document)?;
    let (before, rest) = old
        .split_once(BEGIN)
        .ok_or("the document has no place for the figures")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("the document has no end of the figures")?;
    fs::write(&document, format!("{before}{BEGIN}\n{table}{END}{after}"))?;
    for (name, chart) in charts(all) {
        fs::write(out.join("plots").join(name), chart.svg())?;
    }
    Ok(())
}

fn row(figures: &Figures) -> String {
    let value = |column| figures.value(column);
    format!(
        "| {} | {} | {:.2} % of {} | {} / {} | {} / {} | {} / {} | {:.1} / {:.1} | {:.3} | {:.1} | {:.1} % | {:.0} |",
        figures.nodes,
        figures.name,
        value("found, %"),
        value("made"),
        value("hops p50"),
        value("hops p95"),
        value("asked p50"),
        value("asked p95"),
        value("ms p50"),
        value("ms p95"),
        value("MB a day"),
        value("MB a day p95"),
        value("lambda2"),
        value("degree"),
        value("largest part, %"),
        value("seconds"),
    )
}

/// A line for each condition over the sizes.
fn series(all: &[Figures], column: &str) -> Vec<Series> {
    let conditions = [
        ("calm", "calm"),
        ("churn", "10 % churn an hour"),
        ("hostile", "20 % hostile"),
    ];
    let line = |(case, name)| Series {
        name,
        points: all
            .iter()
            .filter(|figures| figures.name == case)
            .map(|figures| (figures.nodes as f64, figures.value(column)))
            .collect(),
    };
    conditions.into_iter().map(line).collect()
}

fn charts(all: &[Figures]) -> Vec<(&'static str, Chart)> {
    let chart = |title, unit, from, mark, column| Chart {
        title,
        unit,
        from: Some(from),
        mark,
        series: series(all, column),
    };
    vec![
        (
            "success.svg",
            chart("Look-ups that succeed", "%", 90.0, Some(95.0), "found, %"),
        ),
        (
            "hops.svg",
            chart(
                "Hops of a look-up, 95th of a hundred",
                "",
                0.0,
                None,
                "hops p95",
            ),
        ),
        (
            "time.svg",
            chart("Time of a look-up, median", "ms", 0.0, None, "ms p50"),
        ),
        (
            "traffic.svg",
            chart(
                "Control traffic of a node in a day, in and out",
                "MB",
                0.0,
                Some(25.0),
                "MB a day",
            ),
        ),
        (
            "topology.svg",
            chart(
                "How the network holds together: λ₂",
                "",
                0.0,
                None,
                "lambda2",
            ),
        ),
    ]
}

/// Memory of this process, MiB; 0 where the system does not say.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = pages
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    pages * 4 / 1024
}
