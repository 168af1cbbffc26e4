//! Open files: a connection is one, and the store and the index need theirs too.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the program keeps for the store, the index, uploads and its own listeners.
const OWN: u64 = 512;

/// Raises what the process may have open as far as the system lets it, and gives the connections that one of
/// `workers` threads may then keep, `wanted` at most: the store must not fail because too many callers came.
pub fn connections(wanted: usize, workers: usize) -> usize {
    let enough = u64::try_from(wanted.saturating_mul(workers.max(1))).unwrap_or(u64::MAX).saturating_add(OWN);
    let now = getrlimit(Resource::Nofile);
    // No limit is `None`.
    if now.current.is_some_and(|soft| soft < enough) {
        let raised = now.maximum.map_or(enough, |hard| hard.min(enough));
        if let Err(error) =
            setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: now.maximum })
        {
            tracing::warn!(%error, "the number of files that may be open stays as it is");
        }
    }
    let fit = fitting(wanted, workers, getrlimit(Resource::Nofile).current);
    if fit < wanted {
        tracing::warn!(
            wanted,
            kept = fit,
            "fewer connections than server.max_connections: the system lets this program have too few open files (LimitNOFILE, ulimit -n)"
        );
    }
    fit
}

fn fitting(wanted: usize, workers: usize, open: Option<u64>) -> usize {
    let Some(open) = open else { return wanted };
    let all = usize::try_from(open.saturating_sub(OWN).max(open / 4)).unwrap_or(usize::MAX);
    wanted.min(all / workers.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_store() {
        assert_eq!(fitting(8_192, 2, None), 8_192);
        assert_eq!(fitting(8_192, 2, Some(524_288)), 8_192);
        assert_eq!(fitting(8_192, 2, Some(4_096)), 1_792);
        assert_eq!(fitting(8_192, 4, Some(1_024)), 128);
        assert_eq!(fitting(8_192, 4, Some(16)), 1);
        assert!(connections(64, 2) <= 64);
    }
}
