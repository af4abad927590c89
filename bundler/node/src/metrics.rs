//! What `--metrics-listen` serves: numbers of a running process, in Prometheus' text format.
//!
//! The crates count where things happen; this names every number once, for Prometheus' HELP lines and for the README,
//! and serves them. Labels take values of this program's own only (methods it calls or serves, codes, names), so that no
//! stranger makes the list grow.

use std::{net::SocketAddr, time::Duration};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

use crate::NodeError;

/// How a number behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from the process's start.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, in buckets.
    Seconds,
}

/// One number, or one per value of its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// Every number that there is.
pub const METRICS: &[Metric] = {
    use Kind::{Counter, Gauge, Seconds};
    const fn of(
        name: &'static str,
        kind: Kind,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Metric {
        Metric { name, kind, labels, help }
    }
    &[
        of(
            "writ_rpc_requests_total",
            Counter,
            &["method", "code"],
            "requests answered; code 0 is success",
        ),
        of(
            "writ_rpc_request_seconds",
            Seconds,
            &["method"],
            "from a request's parameters to its answer",
        ),
        of("writ_operations_admitted_total", Counter, &[], "user operations taken into the pool"),
        of("writ_operations_refused_total", Counter, &[], "user operations refused at entry"),
        of("writ_operations_dropped_total", Counter, &[], "user operations dropped after entry"),
        of("writ_pool_operations", Gauge, &["status"], "user operations in the pool"),
        of(
            "writ_simulation_seconds",
            Seconds,
            &[],
            "one simulation, waiting for the node included",
        ),
        of(
            "writ_quorum_requests_total",
            Counter,
            &["outcome"],
            "attestations asked of the operators",
        ),
        of(
            "writ_quorum_seconds",
            Seconds,
            &[],
            "from the question to the operators to its outcome",
        ),
        of("writ_decisions_total", Counter, &["outcome"], "requests that this operator answered"),
        of(
            "writ_transactions_total",
            Counter,
            &["event"],
            "what became of the bundler's transactions",
        ),
        of("writ_signer_balance_wei", Gauge, &[], "what the bundler's account can still pay"),
        of("writ_head_block", Gauge, &[], "height of the newest block that was looked at"),
        of("writ_healthy", Gauge, &["part"], "1 while a part is well, 0 while it is not"),
        of(
            "writ_node_calls_total",
            Counter,
            &["method"],
            "JSON-RPC calls to the node, each of a batch",
        ),
        of("writ_node_retries_total", Counter, &[], "HTTP requests to the node that were repeated"),
        of("writ_node_request_seconds", Seconds, &[], "one HTTP request to the node"),
    ]
};

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// How often what histograms collected is put into buckets when nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves the numbers from now on, if there is an address to serve them at. Once per process, on a tokio runtime.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve(listen: Option<SocketAddr>) -> Result<(), NodeError> {
    match listen {
        Some(address) => start(address).map_err(|source| NodeError::Metrics { address, source }),
        None => Ok(()),
    }
}

fn start(listen: SocketAddr) -> Result<(), BuildError> {
    let mut builder = PrometheusBuilder::new().with_http_listener(listen).upkeep_timeout(UPKEEP);
    for metric in METRICS.iter().filter(|metric| metric.kind == Kind::Seconds) {
        builder =
            builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), &BUCKETS)?;
    }
    builder.install()?;
    for Metric { name, kind, help, .. } in METRICS {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *help),
            Kind::Gauge => metrics::describe_gauge!(*name, *help),
            Kind::Seconds => metrics::describe_histogram!(*name, metrics::Unit::Seconds, *help),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a line of a table is about this number.
    fn names(line: &str, name: &str) -> bool {
        let cell = line.strip_prefix("| `").and_then(|rest| rest.split('`').next());
        cell.is_some_and(|cell| cell.split(' ').next() == Some(name))
    }

    #[test]
    fn the_readme_lists_every_number_as_it_is() {
        let readme = include_str!("../../../README.md");
        let listed: Vec<&str> = readme
            .lines()
            .filter(|line| METRICS.iter().any(|metric| names(line, metric.name)))
            .collect();
        let expected: Vec<String> = METRICS
            .iter()
            .map(|metric| {
                let labels = metric.labels.join(", ");
                let labels =
                    if labels.is_empty() { String::new() } else { format!(" {{{labels}}}") };
                format!("| `{}{labels}` | {} |", metric.name, metric.help)
            })
            .collect();
        assert_eq!(listed, expected, "write these lines into README.md:\n{}", expected.join("\n"));
    }
}
