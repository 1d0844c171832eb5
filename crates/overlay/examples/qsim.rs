//! Draws what `docs/simulator.md` shows: networks of 100, 1,000 and 10,000 whole nodes in virtual time.
//!
//! `cargo run --release -p webx-overlay --features sim --example qsim -- [--quick] [--seed N] [--only NAME] [--out DIR]`

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

struct Outcome {
    case: Case,
    report: Report,
    seconds: f64,
}

struct Options {
    quick: bool,
    seed: u64,
    only: Option<String>,
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let mut outcomes = Vec::new();
    for case in cases(&options) {
        let label = format!("{} nodes, {}", case.nodes, case.name);
        if options
            .only
            .as_ref()
            .is_some_and(|only| !label.contains(only.as_str()))
        {
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
        let seconds = start.elapsed().as_secs_f64();
        let outcome = Outcome {
            case,
            report,
            seconds,
        };
        eprintln!("{label}: {}", row(&outcome));
        eprintln!(
            "  parts (control, table, gossip, handshakes, keep-alives; MB a day): {:?}",
            outcome
                .report
                .parts
                .map(|part| (part / 1e4).round() / 100.0)
        );
        eprintln!(
            "  strangers dialled {}, happenings {}",
            outcome.report.blind, outcome.report.steps
        );
        outcomes.push(outcome);
    }
    if options.only.is_none() {
        write(&options.out, &outcomes)?;
    }
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        quick: false,
        seed: 1,
        only: None,
        out: PathBuf::from("docs"),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--quick" => options.quick = true,
            "--seed" => options.seed = value()?.parse()?,
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

fn write(out: &Path, outcomes: &[Outcome]) -> Result<(), Box<dyn Error>> {
    let mut table = String::from(
        "| nodes | what | look-ups that succeed | hops p50 / p95 | nodes asked p50 / p95 | time p50 / p95, ms | MB a node a day, mean / p95 | λ₂ | mean degree | in the largest part | run, s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for outcome in outcomes {
        writeln!(table, "{}", row(outcome))?;
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
    let plots = out.join("plots");
    fs::create_dir_all(&plots)?;
    for (name, chart) in charts(outcomes) {
        fs::write(plots.join(name), chart.svg())?;
    }
    Ok(())
}

fn row(outcome: &Outcome) -> String {
    let report = &outcome.report;
    format!(
        "| {} | {} | {:.2} % of {} | {} / {} | {} / {} | {} / {} | {:.1} / {:.1} | {:.3} | {:.1} | {:.1} % | {:.0} |",
        outcome.case.nodes,
        outcome.case.name,
        report.success() * 100.0,
        report.made,
        quantile(&report.hops, 0.5),
        quantile(&report.hops, 0.95),
        quantile(&report.asked, 0.5),
        quantile(&report.asked, 0.95),
        quantile(&report.millis, 0.5),
        quantile(&report.millis, 0.95),
        report.mean_daily() / 1e6,
        quantile(&report.daily, 0.95) as f64 / 1e6,
        report.lambda2,
        report.degree,
        report.whole * 100.0,
        outcome.seconds,
    )
}

/// A line for each condition over the sizes.
fn series(outcomes: &[Outcome], value: impl Fn(&Report) -> f64) -> Vec<Series> {
    ["calm", "churn", "hostile"]
        .into_iter()
        .map(|name| Series {
            name: match name {
                "churn" => "10 % churn an hour",
                "hostile" => "20 % hostile",
                _ => "calm",
            },
            points: outcomes
                .iter()
                .filter(|outcome| outcome.case.name == name)
                .map(|outcome| (outcome.case.nodes as f64, value(&outcome.report)))
                .collect(),
        })
        .collect()
}

fn charts(outcomes: &[Outcome]) -> Vec<(&'static str, Chart)> {
    let over_sizes = |title, unit, from: Option<f64>, mark: Option<f64>, series| Chart {
        title,
        unit,
        from,
        mark,
        series,
    };
    vec![
        (
            "success.svg",
            over_sizes(
                "Look-ups that succeed",
                "%",
                Some(80.0),
                Some(95.0),
                series(outcomes, |report| report.success() * 100.0),
            ),
        ),
        (
            "hops.svg",
            over_sizes(
                "Hops of a look-up, mean",
                "",
                Some(0.0),
                None,
                series(outcomes, |report| {
                    report.hops.iter().map(|hops| f64::from(*hops)).sum::<f64>()
                        / report.hops.len().max(1) as f64
                }),
            ),
        ),
        (
            "time.svg",
            over_sizes(
                "Time of a look-up, median",
                "ms",
                Some(0.0),
                None,
                series(outcomes, |report| quantile(&report.millis, 0.5) as f64),
            ),
        ),
        (
            "traffic.svg",
            over_sizes(
                "Control traffic of a node in a day, in and out",
                "MB",
                Some(0.0),
                Some(25.0),
                series(outcomes, |report| report.mean_daily() / 1e6),
            ),
        ),
        (
            "topology.svg",
            over_sizes(
                "How the network holds together: λ₂",
                "",
                Some(0.0),
                None,
                series(outcomes, |report| report.lambda2),
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
