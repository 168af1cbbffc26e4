//! How much memory there is for this process: of the machine, or of the group the system has put it in.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Below so much an index is built by one thread, because each has an arena and writes it out beside it.
const SMALL: u64 = 768 << 20;
const GROUPS: &str = "/sys/fs/cgroup";

/// What one thread of a small machine may use: with what the rest of the program takes, and a backup that is made and
/// proved meanwhile, it fits 256 MB.
const LEAST: usize = 40 << 20;
/// What all of them may use: larger segments make fewer merges later.
pub(crate) const MOST: usize = 512 << 20;
/// A part of what there is.
const SHARE: u64 = 16;
const THREADS_MAX: usize = 4;

/// With how many threads an index is built, and how many bytes each of them may use.
pub(crate) fn for_building() -> (usize, usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    share(limit(), cores)
}

/// A machine that does not say what it has is none of the small ones.
fn share(limit: Option<u64>, cores: usize) -> (usize, usize) {
    if limit.is_some_and(|bytes| bytes < SMALL) {
        return (1, LEAST);
    }
    let threads = cores.clamp(1, THREADS_MAX);
    let all = limit.map_or(MOST / 2, |bytes| usize::try_from(bytes / SHARE).unwrap_or(MOST).min(MOST));
    (threads, (all / threads).max(LEAST / 2))
}

/// Bytes, where the system says.
fn limit() -> Option<u64> {
    let text = |path: &Path| read_to_string(path).unwrap_or_default();
    let files = group_files(&text(Path::new("/proc/self/cgroup")));
    let groups = files.iter().filter_map(|file| text(file).trim().parse().ok());
    groups.chain(machine(&text(Path::new("/proc/meminfo")))).min()
}

/// The files that hold the limits of a process and of the groups around its own, of the second generation of groups and of
/// the first one. A file that is not there, or says `max`, limits nothing.
fn group_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(kinds), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (root, file) = if kinds.is_empty() {
            (PathBuf::from(GROUPS), "memory.max")
        } else if kinds.split(',').any(|kind| kind == "memory") {
            (Path::new(GROUPS).join("memory"), "memory.limit_in_bytes")
        } else {
            continue;
        };
        let around = Path::new(path.trim_start_matches('/')).ancestors();
        files.extend(around.map(|group| root.join(group).join(file)));
    }
    files
}

/// What the machine has, of `MemTotal:  2031952 kB`.
fn machine(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_group_of_either_generation_is_looked_for() {
        let files = group_files("0::/system.slice/shop.service\n4:cpu,memory:/shop\n2:cpu:/else\nbroken");
        let named: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(
            named,
            [
                "/sys/fs/cgroup/system.slice/shop.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
                "/sys/fs/cgroup/memory/shop/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ]
        );
    }

    #[test]
    fn small_machines_build_with_one_thread() {
        assert_eq!(share(Some(256 << 20), 8), (1, LEAST));
        assert_eq!(share(Some(2 << 30), 2), (2, 64 << 20));
        assert_eq!(share(Some(64 << 30), 2), (2, MOST / 2));
        assert_eq!(share(None, 1), (1, MOST / 2));
    }
    #[test]
    fn a_machine_says_what_it_has() {
        assert_eq!(machine("MemFree: 1 kB\nMemTotal:        2031952 kB\n"), Some(2_031_952 * 1_024));
        assert_eq!(machine("MemTotal: much"), None);
    }
}
