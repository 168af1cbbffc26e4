//! The configuration: the settings every part declares, and the one place that reads them.
//!
//! A setting is looked for on the command line, in the environment (`BACKROOM_SERVER__LISTEN`), for secrets in the
//! credentials directory, in the file, and has a default otherwise. `config.example.toml` describes all of them.
//! What belongs to the shop rather than to the machine is kept in the store and edited on pages, never here.

mod layers;
mod mail;
mod sections;
mod values;

pub use layers::{Entry, Flag, Inputs, Loaded, Origin, load};
pub use mail::Mail;
pub use sections::{Backup, Data, Log, LogFormat, Metrics, Secret, Settings};

/// The file that `backroom config default` prints.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::path::PathBuf;

    /// A directory with a file `config.toml` of this content, and inputs that read it.
    fn with_file(text: &str) -> (tempfile::TempDir, Inputs) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        (dir, Inputs { file: Some(file), ..Inputs::default() })
    }
    fn with_environment(pairs: &[(&str, &str)]) -> Inputs {
        let environment = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Inputs { environment, ..Inputs::default() }
    }
    /// `place: detail` of everything that is wrong, places without their directory.
    fn problems(inputs: &Inputs) -> Vec<String> {
        let error = load(inputs).unwrap_err();
        assert_eq!(error.code, "config_invalid");
        let short = |p: &str| p.rsplit('/').next().unwrap_or_default().to_owned();
        error.fields.iter().map(|f| format!("{}: {}", short(&f.pointer), f.detail)).collect()
    }
    /// Every setting by path.
    fn known() -> Vec<(String, Value)> {
        let mut out = std::collections::BTreeMap::new();
        values::flatten("", &serde_json::to_value(Settings::default()).unwrap(), &mut out);
        out.into_iter().collect()
    }

    #[test]
    fn the_example_describes_every_setting_and_shows_its_default() {
        let uncommented: String = EXAMPLE
            .lines()
            .map(|l| {
                l.strip_prefix('#').filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(l)
            })
            .flat_map(|l| [l, "\n"])
            .collect();
        let shown: Settings = toml::from_str(&uncommented).unwrap();
        let mut shown_values = std::collections::BTreeMap::new();
        values::flatten("", &serde_json::to_value(&shown).unwrap(), &mut shown_values);
        for (path, default) in known() {
            let key = path.rsplit('.').next().unwrap();
            assert!(EXAMPLE.contains(&format!("\n#{key} = ")), "{path} is not in the example");
            assert!(
                EXAMPLE.contains(&format!("\n# {}", layers::variable_of(&path))),
                "{path} names no variable"
            );
            if default.is_null() {
                assert!(!shown_values[&path].is_null(), "{path} has no example");
            } else {
                assert_eq!(shown_values[&path], default, "{path}");
            }
        }
        assert_eq!(toml::from_str::<Settings>(EXAMPLE).unwrap(), Settings::default());
        assert!(shown.problems().is_empty(), "{:?}", shown.problems());
        let (_dir, inputs) = with_file(&uncommented);
        assert!(load(&inputs).is_ok());
    }

    #[test]
    fn a_flag_comes_before_the_environment_and_that_before_the_file() {
        let (_dir, mut inputs) = with_file("[store]\ncache_mb = 2\nreserve_mb = 2\nscan_seconds = 2\n");
        inputs.environment = with_environment(&[
            ("BACKROOM_STORE__RESERVE_MB", "3"),
            ("BACKROOM_STORE__SCAN_SECONDS", "3"),
            ("OTHER", "x"),
        ])
        .environment;
        inputs.flags = vec![Flag { name: "--scan", path: "store.scan_seconds", value: "4".to_owned() }];
        let loaded = load(&inputs).unwrap();
        let store = &loaded.settings.store;
        assert_eq!((store.ballast_mb, store.cache_mb, store.reserve_mb, store.scan_seconds), (16, 2, 3, 4));
        let from = |key: &str| loaded.entries.iter().find(|e| e.key == key).unwrap().origin.to_string();
        assert_eq!(from("store.ballast_mb"), "default");
        assert!(from("store.cache_mb").ends_with("config.toml:2"));
        assert_eq!(from("store.reserve_mb"), "BACKROOM_STORE__RESERVE_MB");
        assert_eq!(from("store.scan_seconds"), "--scan");
        assert_eq!(loaded.entries.len(), known().len());
    }

    #[test]
    fn everything_wrong_is_said_at_once_with_line_and_remedy() {
        let (_dir, mut inputs) = with_file(
            "[server]\nlistne = \"x\"\nlisten = \"nowhere\"\ncache_mb = 1\n\n[stor]\nx = 1\n\n[store]\ncache_mb = \"lots\"\n",
        );
        inputs.environment = with_environment(&[
            ("BACKROOM_LOG_LEVEL", "debug"),
            ("BACKROOM_LOG__FORMAT", "xml"),
            ("BACKROOM_SERVER__MAX_CONNECTIONS", "maybe"),
            ("BACKROOM_NONSENSE__AT_ALL", "1"),
        ])
        .environment;
        let all = problems(&inputs).join("\n");
        for said in [
            "config.toml:2: there is no setting server.listne; did you mean server.listen?",
            "config.toml:3: server.listen: give an address and a port such as 127.0.0.1:8080",
            "config.toml:4: there is no setting server.cache_mb; did you mean store.cache_mb?",
            "config.toml:6: there is no setting stor; did you mean [store]?",
            "config.toml:10: store.cache_mb = \"lots\" does not fit; give a whole number such as 64",
            "BACKROOM_LOG_LEVEL: no setting has this variable; did you mean BACKROOM_LOG__LEVEL?",
            "BACKROOM_LOG__FORMAT: log.format = \"xml\" does not fit; unknown variant `xml`, expected one of `auto`, `text`, `json`",
            "BACKROOM_SERVER__MAX_CONNECTIONS: server.max_connections = \"maybe\" does not fit; give a whole number such as 8192",
            "BACKROOM_NONSENSE__AT_ALL: no setting has this variable",
        ] {
            assert!(all.contains(said), "missing: {said}\nin:\n{all}");
        }
        assert_eq!(all.lines().count(), 9, "{all}");
    }

    #[test]
    fn what_a_room_refuses_is_said_with_its_line() {
        let (_dir, inputs) = with_file(
            "[server]\npublic_url = \"shop\"\n[access]\nsession_days = 0\n[metrics]\nlisten = \"127.0.0.1:8080\"\n",
        );
        let all = problems(&inputs);
        assert!(all[0].starts_with("config.toml:2: server.public_url: write an address"), "{all:?}");
        assert!(all[1].starts_with("config.toml:4: access.session_days: "), "{all:?}");
        assert_eq!(all[2], "config.toml:6: metrics.listen: give another port than server.listen has");
    }

    #[test]
    fn half_of_a_server_is_no_server() {
        for (text, said) in [
            ("[backup]\ns3_bucket = \"b\"\n", "backup.s3_endpoint: give the address"),
            ("[backup]\ns3_secret_key = \"k\"\n", "backup.s3_endpoint: give the address"),
            ("[mail]\nuser = \"u\"\n", "mail.host: give the name"),
            ("[mail.bounces]\nuser = \"u\"\n", "mail.bounces.host: give the name"),
        ] {
            let (_dir, inputs) = with_file(text);
            let all = problems(&inputs);
            assert!(all.len() == 1 && all[0].contains(said), "{text}: {all:?}");
        }
    }

    #[test]
    fn broken_syntax_is_said_with_its_line() {
        let (_dir, inputs) = with_file("[server]\nlisten = \"127.0.0.1:1\n\n[data]\ndir = \n");
        let all = problems(&inputs);
        assert!(all.iter().any(|p| p.starts_with("config.toml:2: ")), "{all:?}");
        assert!(all.iter().any(|p| p.starts_with("config.toml:5: ")), "{all:?}");
        let (_dir, inputs) = with_file("[store]\ncache_mb = 1\ncache_mb = 2\n");
        assert!(problems(&inputs)[0].starts_with("config.toml:3: duplicate key"), "{:?}", problems(&inputs));
    }

    #[test]
    fn a_named_file_must_exist_and_the_usual_ones_need_not() {
        assert!(load(&with_environment(&[("HOME", "/nonexistent")])).is_ok());
        let named = with_environment(&[("BACKROOM_CONFIG", "/nonexistent/x.toml")]);
        assert!(problems(&named)[0].starts_with("x.toml: the file cannot be read"));
        let (dir, _) = with_file("[log]\nlevel = \"debug\"\n");
        let usual = with_environment(&[("CONFIGURATION_DIRECTORY", dir.path().to_str().unwrap())]);
        assert_eq!(load(&usual).unwrap().settings.log.level, "debug");
    }

    #[test]
    fn secrets_come_from_files_and_are_never_shown() {
        let canary = "canary-7f3a";
        let (dir, _) = with_file("");
        std::fs::write(dir.path().join("metrics_token"), format!("{canary}\n")).unwrap();
        let path = dir.path().to_str().unwrap();
        let (_dir, in_file) = with_file(&format!("[metrics]\ntoken = \"{canary}\""));
        for inputs in [
            with_environment(&[("BACKROOM_METRICS__TOKEN", canary)]),
            with_environment(&[("BACKROOM_METRICS__TOKEN_FILE", &format!("{path}/metrics_token"))]),
            with_environment(&[("CREDENTIALS_DIRECTORY", path)]),
            in_file,
        ] {
            let loaded = load(&inputs).unwrap();
            assert_eq!(loaded.settings.metrics.token.as_ref().unwrap().reveal(), canary);
            let said = format!("{loaded:?}{}", serde_json::to_string(&loaded.entries).unwrap());
            assert!(!said.contains(canary) && said.contains(Secret::MASK), "{said}");
            assert!(!serde_json::to_string(&loaded.settings).unwrap().contains(canary));
        }
        let twice = with_environment(&[
            ("BACKROOM_METRICS__TOKEN", canary),
            ("BACKROOM_METRICS__TOKEN_FILE", "/nonexistent"),
        ]);
        assert!(problems(&twice)[0].contains("another variable too"));
        let (_dir, wrong) = with_file(&format!("[metrics]\ntoken = [\"{canary}\"]\n"));
        assert!(!problems(&wrong).join("").contains(canary));
    }

    #[test]
    fn variables_take_the_shape_of_their_setting() {
        let loaded = load(&with_environment(&[
            ("BACKROOM_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
            ("BACKROOM_SERVER__ALLOWED_HOSTS", "[\"a.example\", \"b.example\"]"),
            ("BACKROOM_SERVER__WORKERS", "3"),
            ("BACKROOM_SERVER__PUBLIC_URL", "https://shop.example"),
            ("BACKROOM_SERVER__MAX_UPLOAD", "10 MB"),
            ("BACKROOM_METRICS__LISTEN", ""),
            ("BACKROOM_SERVICE_HOST", "10.0.0.1"),
            ("BACKROOM_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ]))
        .unwrap();
        let server = &loaded.settings.server;
        let proxies: Vec<String> = server.trusted_proxies.iter().map(|n| n.0.to_string()).collect();
        assert_eq!(proxies, ["10.0.0.0/8", "127.0.0.1/32"]);
        assert_eq!(server.allowed_hosts, ["a.example", "b.example"]);
        assert_eq!((server.workers, server.public_url.as_deref()), (Some(3), Some("https://shop.example")));
        assert_eq!((server.max_upload.0, &loaded.settings.metrics.listen), (10 << 20, &None));
    }

    #[test]
    fn data_has_a_place_for_a_service_a_user_and_nobody() {
        for (variables, dir) in [
            (&[("STATE_DIRECTORY", "/var/lib/backroom"), ("HOME", "/home/a")][..], "/var/lib/backroom"),
            (&[("XDG_DATA_HOME", "/home/a/data"), ("HOME", "/home/a")], "/home/a/data/backroom"),
            (&[("HOME", "/home/a")], "/home/a/.local/share/backroom"),
            (&[], "backroom-data"),
        ] {
            let loaded = load(&with_environment(variables)).unwrap();
            assert_eq!(loaded.settings.data.dir, Some(PathBuf::from(dir)));
        }
    }
}
